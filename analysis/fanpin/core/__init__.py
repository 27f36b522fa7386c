"""Words every room uses: canonical columns, poverty lines, survey designs, errors, option lists, terms."""
