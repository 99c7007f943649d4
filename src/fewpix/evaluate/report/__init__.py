"""Reports of results as HTML and Markdown, made from the result's JSON and the benchmark's pictures."""
