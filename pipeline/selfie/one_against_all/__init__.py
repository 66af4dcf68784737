"""One face or one picture under several applications: every photograph compared with every other."""
