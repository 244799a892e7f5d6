"""Write what is made from the code: ``python -m docs.generate``."""

from docs.generate.files import generated_files

if __name__ == "__main__":
    for path, content in generated_files().items():
        path.write_text(content, encoding="utf-8")
