"""The commands of an expert review: write the raters' pages, import the files that come back, and say how far raters agree."""
