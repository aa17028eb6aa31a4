global using Aspire.Hosting;
global using Aspire.Hosting.ApplicationModel;
global using Eventually = Hosting.Tests.Testing.Eventually;
