"""What filters of EC2's Describe calls take."""

FILTER_VALUES = 200  # values of one filter (EC2 API Reference, Filter)
