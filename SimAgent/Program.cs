Console.WriteLine("SimAgent");
