"""Which evidence two builds have for the same questions: the paths that were won, lost or changed, and how relevant they are."""
