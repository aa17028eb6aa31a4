namespace Observability.Agent;

/// <summary>An option is out of range. The message is one line: the variable, its value, and what is allowed.</summary>
public sealed class AgentOptionsException : ArgumentException
{
    /// <summary>Creates the exception.</summary>
    public AgentOptionsException()
    {
    }

    /// <summary>Creates the exception with its message.</summary>
    public AgentOptionsException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its message and cause.</summary>
    public AgentOptionsException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
