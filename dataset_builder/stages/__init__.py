"""One file per stage. A stage imports no other stage; the knowledge graph and models are its arguments."""
