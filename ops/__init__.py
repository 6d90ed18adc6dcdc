"""What ops see and mend, by command line and console, on AWS and on the local stack."""
