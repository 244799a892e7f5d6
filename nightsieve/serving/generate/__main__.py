"""Write the generated files again: ``python -m nightsieve.serving.generate``."""

from nightsieve.serving.generate import validators

if __name__ == "__main__":
    validators.MODULE.write_text(validators.generate_validators())
