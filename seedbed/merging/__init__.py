"""Two branches' data made one: what git cannot merge, merged by what it means."""
