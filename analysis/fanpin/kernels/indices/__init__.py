"""Indices, one a file: the value of each and the influence of every row on it (`fanpin.kernels.index`)."""
