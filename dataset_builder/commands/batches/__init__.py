"""Provider batches on the command line: the options of a build, and the command `batches`."""
