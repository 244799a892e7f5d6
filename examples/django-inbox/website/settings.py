"""Settings of the website; README.md lists the variables of the environment."""

import os
from datetime import timedelta
from pathlib import Path

from website import environment
from website.broker import QUEUE

BASE_DIR = Path(__file__).parents[1]

# --- Django ---------------------------------------------------------------------------

SECRET_KEY = environment.required("INBOX_SECRET_KEY")
DEBUG = environment.flag("INBOX_DEBUG", "0")
ALLOWED_HOSTS = environment.names("INBOX_ALLOWED_HOSTS", "localhost,127.0.0.1")
CSRF_TRUSTED_ORIGINS = environment.names("INBOX_TRUSTED_ORIGINS", "")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "inbox",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "website.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Every page needs a login, unless its view says otherwise.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "website.urls"
ASGI_APPLICATION = "website.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]
_database = environment.database("INBOX_DATABASE_URL")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _database.host,
        "PORT": _database.port,
        "NAME": _database.name,
        "USER": _database.user,
        "PASSWORD": _database.password,
        "OPTIONS": {"connect_timeout": 5, **_database.options},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20  # of a message that arrives

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "inbox"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Behind a proxy that ends TLS and sets X-Forwarded-Proto. 0 is for one machine alone.
if environment.flag("INBOX_HTTPS", "1"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    # Subdomains, and lists inside browsers, are for the owner of the domain to decide.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}

# --- Celery ---------------------------------------------------------------------------

# website/broker.py has the settings of the broker.
CELERY_TASK_DEFAULT_QUEUE = QUEUE
# A task is acknowledged when it is done. If its process or its machine is lost before,
# RabbitMQ delivers it again.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# A task that raises, which is a defect, goes to the dead letters and is not lost.
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = False
# A process holds the task that it runs, and no others that would wait for it.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 60
# What a task finds is in the database.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Tasks may run twice: one that RabbitMQ delivers again need not be stopped here.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "inbox.tasks.sweep",
        "schedule": timedelta(seconds=environment.number("INBOX_SWEEP_SECONDS", "60")),
        # Sweeps do not pile up while there is no worker.
        "options": {"expires": 60},
    }
}

# --- Nightsieve -----------------------------------------------------------------------

# A model file; without it, the model that is current in $NIGHTSIEVE_STORAGE.
INBOX_MODEL = os.environ.get("INBOX_MODEL") or None
# How often a worker process asks the store which model is current.
INBOX_POLL_SECONDS = environment.number("INBOX_POLL_SECONDS", "10")
# After how long a message without a label is enqueued again.
INBOX_PATIENCE = timedelta(seconds=environment.number("INBOX_PATIENCE_SECONDS", "300"))
# The service that corrections go to, and a token with the scope `correct`.
INBOX_API_URL = os.environ.get("INBOX_API_URL", "http://127.0.0.1:8000")
INBOX_API_TOKEN = os.environ.get("INBOX_API_TOKEN", "")
# The token of the program that delivers messages; without one, none can be delivered.
INBOX_INTAKE_TOKEN = os.environ.get("INBOX_INTAKE_TOKEN", "")
