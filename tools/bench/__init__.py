"""`make bench`: speed and memory as ratios to a limit that is measured in the same run. One file a bench, and the frame they share."""
