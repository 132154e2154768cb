"""Files that `new job` and `new platform` make: a beginning that runs, to be edited."""
