"""A build in parts: which rows belong to a part, what its folder says of the whole, and how the parts become one folder again."""
