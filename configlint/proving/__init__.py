"""The ranks of a whole job, set up on this machine, and whether they train what is written."""
