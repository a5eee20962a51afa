"""What start-up needs of data as code, made by schemas/generate.py."""
