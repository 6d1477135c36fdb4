"""The commands of an expert review: write the raters' pages, and import the files that come back."""
