"""An expert review of published rationales: which are judged, the pages that raters are given, the files that they send back."""
