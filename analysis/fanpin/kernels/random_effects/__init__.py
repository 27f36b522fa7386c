"""Binary panels with a normal random intercept: likelihood by Gauss-Hermite quadrature, maximum, integrated effects."""
