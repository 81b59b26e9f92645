"""What DVC reads: dvc.yaml, the composed parameters, and the files whose change it watches."""
