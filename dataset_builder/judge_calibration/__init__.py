"""How often does a judge err? Measured on cases of known verdict, before a build trusts it."""
