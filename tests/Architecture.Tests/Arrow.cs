using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace Observability.Architecture.Tests;

/// <summary>A forbidden dependency: types of <paramref name="From"/> (a namespace, or "*" for the whole assembly) may not use
/// types of <paramref name="To"/> (a namespace and everything below it).</summary>
internal sealed record Arrow(string Project, string Assembly, string From, string To)
{
    public override string ToString() => $"{(From == "*" ? Assembly : From)} -> {To}";

    /// <summary>Every use that breaks this rule, as "type uses type".</summary>
    public IReadOnlyList<string> ViolationsIn(ModuleDefinition module) =>
        [.. module.GetAllTypes()
            .Where(type => From == "*" || IsWithin(NamespaceOf(type), From))
            .SelectMany(type => UsesOf(type).Select(used => (type, used)))
            .Where(pair => IsWithin(NamespaceOf(pair.used), To))
            .Select(pair => $"{pair.type.FullName} uses {pair.used.FullName}")
            .Distinct()];

    private static bool IsWithin(string ns, string root) => ns == root || ns.StartsWith(root + ".", StringComparison.Ordinal);

    private static string NamespaceOf(TypeReference type)
    {
        TypeReference outer = type.GetElementType();
        while (outer.DeclaringType is not null)
        {
            outer = outer.DeclaringType;
        }

        return outer.Namespace;
    }

    private static IEnumerable<TypeReference> UsesOf(TypeDefinition type)
    {
        IEnumerable<TypeReference?> uses =
        [
            type.BaseType,
            .. type.Interfaces.Select(implemented => implemented.InterfaceType),
            .. type.CustomAttributes.Select(attribute => attribute.AttributeType),
            .. type.Fields.Select(field => field.FieldType),
            .. type.Methods.SelectMany(UsesOf),
        ];
        return uses.Where(used => used is not null).SelectMany(used => Flatten(used!));
    }

    private static IEnumerable<TypeReference?> UsesOf(MethodDefinition method)
    {
        yield return method.ReturnType;
        foreach (ParameterDefinition parameter in method.Parameters)
        {
            yield return parameter.ParameterType;
        }

        if (!method.HasBody)
        {
            yield break;
        }

        foreach (VariableDefinition variable in method.Body.Variables)
        {
            yield return variable.VariableType;
        }

        foreach (Instruction instruction in method.Body.Instructions)
        {
            switch (instruction.Operand)
            {
                case MethodReference called:
                    yield return called.DeclaringType;
                    yield return called.ReturnType;
                    if (called is GenericInstanceMethod generic)
                    {
                        foreach (TypeReference argument in generic.GenericArguments)
                        {
                            yield return argument;
                        }
                    }

                    break;
                case FieldReference field:
                    yield return field.DeclaringType;
                    yield return field.FieldType;
                    break;
                case TypeReference named:
                    yield return named;
                    break;
            }
        }
    }

    private static IEnumerable<TypeReference> Flatten(TypeReference type)
    {
        yield return type.GetElementType();
        if (type is GenericInstanceType generic)
        {
            foreach (TypeReference argument in generic.GenericArguments.SelectMany(Flatten))
            {
                yield return argument;
            }
        }
        else if (type is TypeSpecification { ElementType: var element })
        {
            foreach (TypeReference inner in Flatten(element))
            {
                yield return inner;
            }
        }
    }
}
