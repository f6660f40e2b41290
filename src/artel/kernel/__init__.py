"""What every service needs and none owns. It knows no billiards; tests/kernel keep it small."""
