"""What Puppet knows: PuppetDB's query API, or a directory of saved facts."""
