"""Results on paper: three-line tables, figures, and the report as HTML and Word."""
