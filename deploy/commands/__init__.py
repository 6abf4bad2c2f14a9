"""The commands of `brum`, a file each; a command imports what it needs when it runs, so that all start fast."""
