"""Write the generated files again: ``python -m nightsieve.serving.generate``."""

from nightsieve.serving.generate import openapi, validators

if __name__ == "__main__":
    validators.MODULE.write_text(validators.generate_validators(), encoding="utf-8")
    openapi.DOCUMENT.write_text(openapi.generate_description(), encoding="utf-8")
