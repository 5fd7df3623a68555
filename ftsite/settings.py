"""All settings. Every one that is read from the environment stands in .env.example."""

from base64 import urlsafe_b64encode
from datetime import date
from decimal import Decimal
from pathlib import Path
from secrets import token_bytes
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _
from environs import Env

from ftsite import folder_transport
from ftsite.interval import Every
from ftsite.local_secret import local_secret
from ftsite.logs import logging_config
from ftsite.mail import mailer

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)

# --- how it runs: embedded (no server, no question) or real -------------------------------------------
EMBEDDED = env.bool("EMBEDDED", True)
DEBUG = env.bool("DEBUG", False)
if DEBUG and not EMBEDDED:
    raise ImproperlyConfigured('"DEBUG" invalid: its pages show data to visitors; true only where EMBEDDED=true')
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
PORT = env.int("PORT", 8000)
if EMBEDDED:
    SECRET_KEY = env.str("SECRET_KEY", "") or local_secret(VAR_DIR / "secret_key", get_random_secret_key())
    FIELD_KEYS = env.list("FIELD_KEYS", []) or [
        local_secret(VAR_DIR / "field_key", urlsafe_b64encode(token_bytes(32)).decode())
    ]
else:
    SECRET_KEY = env.str("SECRET_KEY")
    FIELD_KEYS = env.list("FIELD_KEYS")  # newest first; `manage.py rotate_keys` seals anew with the first
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "ftsite.apps.Site",
    "ftsite.apps.Oversight",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "allauth",
    "allauth.account",
    "jobs",
    "trainer",
]
MIDDLEWARE = [
    "ftsite.middleware.trace",
    "ftsite.middleware.Probes",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "ftsite.middleware.Utf8Forms",
    "ftsite.outages.NoRoom",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "jobs.middleware.KeepNothing",
    "jobs.middleware.PersonalSettings",
    "jobs.middleware.BackToThePage",
    "jobs.uploads.RefuseTooLarge",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "ftsite.urls"
ASGI_APPLICATION = "ftsite.asgi.application"
WSGI_APPLICATION = "ftsite.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "jobs.context_processors.desk",
            ],
        },
    }
]

# --- data ---------------------------------------------------------------------------------------------
# While PostgreSQL is away a request is to fail within three seconds, and to succeed within five of its return: the pool
# waits 30 s for a connection by default, and tries more and more seldom. Attempts that end soon are begun by requests.
POOL: dict[str, Any] = {
    "min_size": 1,
    "max_size": env.int("DATABASE_POOL", 20),
    "timeout": env.float("DATABASE_WAIT", 2.0),
    "reconnect_timeout": 1.0,
}
# A server whose network is gone answers nothing at all: seconds, but for the last one (milliseconds)
REACH: dict[str, Any] = {
    "connect_timeout": 2,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,
}
DATABASES: dict[str, dict[str, Any]] = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # a read that turns into a write must not fail with "locked"
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8000;",
        # … in KB, of each of 32 threads: as large as an index of a hundred thousand jobs (2000 by default)
    }
    DATABASES["default"]["CONN_MAX_AGE"] = 60  # seconds; to open one, and read the schema, takes 4 ms of every request
    # a file, so that the live server of a test has connections of its own, as in life
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # under ASGI every request would open, and PostgreSQL start, a connection of its own: 5 ms and cold catalogues
    DATABASES["default"] |= {"OPTIONS": {"pool": POOL}, "CONN_HEALTH_CHECKS": True}
    DATABASES["default"]["OPTIONS"] |= REACH
    # to plan the query of a job's page takes PostgreSQL five times as long as to answer it: planned once a connection
    DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 3}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL", "")
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "ftsite.redis_cache.PooledCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"  # an idle poll costs one query, not two
MEDIA_ROOT = VAR_DIR / "files"  # private: there is no MEDIA_URL, every download is a checked view
UPLOAD_LIMIT = env.int("UPLOAD_LIMIT", 512 * 1024 * 1024)  # bytes
BODY_LIMIT = UPLOAD_LIMIT + 1024 * 1024  # a file with its multipart frame
FILE_UPLOAD_TEMP_DIR = Path(env.str("UPLOAD_TEMP_DIR", str(VAR_DIR / "tmp")))  # beside MEDIA_ROOT: a move, not a copy
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = ["jobs.uploads.HashingUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- background ---------------------------------------------------------------------------------------
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 2.0}
else:
    QUEUE_DIR = VAR_DIR / "queue"
    (QUEUE_DIR / "control").mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = f"{folder_transport.SCHEME}://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(QUEUE_DIR),
        "data_folder_out": str(QUEUE_DIR),
        "control_folder": str(QUEUE_DIR / "control"),
        "store_processed": False,
        "polling_interval": 0.2,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker however long it takes
CELERY_BROKER_CONNECTION_TIMEOUT = 2.0
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}  # the tick nudges again; a page waits
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
TICK_SECONDS = env.float("TICK_SECONDS", 2.0)
CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "jobs.tasks.tick",
        "schedule": Every(TICK_SECONDS),
        "options": {"expires": max(TICK_SECONDS * 5, 10)},  # a worker that was away must not tick for each missed beat
    },
    "tables": {"task": "jobs.tasks.look_at_tables", "schedule": Every(3600), "options": {"expires": 3600}},
    "halves": {"task": "jobs.tasks.sweep_halves", "schedule": Every(900), "options": {"expires": 900}},
    "ends": {"task": "jobs.tasks.remind_of_ends", "schedule": Every(1800), "options": {"expires": 1800}},
}

# --- services -----------------------------------------------------------------------------------------
TRAINER_ENABLED = env.bool("TRAINER_ENABLED", EMBEDDED)  # whoever reaches it may use it, with a key made up on the spot
# as workers reach it; it may be another server's: empty, no team is offered one
TRAINER_URL = env.str("TRAINER_URL", f"http://127.0.0.1:{PORT}/trainer/v1" if TRAINER_ENABLED else "")
# signs keys that reach real bases: portal and trainer share it; empty: the portal issues none
TRAINER_KEY_SECRET = env.str("TRAINER_KEY_SECRET", SECRET_KEY if TRAINER_ENABLED else "")
TRAINER_QUEUE_PER_KEY = env.int("TRAINER_QUEUE_PER_KEY", 20)  # real jobs of one key that wait or run; 0: any number
TRAINER_SPEED = env.float("TRAINER_SPEED", 1.0)  # 2.0 trains twice as fast
TRAINER_DIR = Path(env.str("TRAINER_DIR", str(VAR_DIR / "trainer")))  # bases and runs: weights
TRAINER_PYTHON = env.str("TRAINER_PYTHON", str(BASE_DIR / ".venv-trainer" / "bin" / "python"))
TRAINER_DEVICE = env.str("TRAINER_DEVICE", "auto")  # auto, cpu, cuda or cuda:1,2
TRAINER_PROCESSES = env.int("TRAINER_PROCESSES", 0) or TRAINER_DEVICE.count(",") + 1  # of one training; 0: one a GPU
TRAINER_CHILD = [TRAINER_PYTHON, "-m", f"trainer.engines.transformers.{'launch' if TRAINER_PROCESSES > 1 else 'train'}"]
TRAINER_THREADS = env.int("TRAINER_THREADS", 0)  # of a training process on the CPU; 0: all cores but one
TRAINER_DISK_PER_KEY = env.float("TRAINER_DISK_PER_KEY", 0.0)  # GB of weights that a key may have; 0: no limit
TRAINER_EXPORT_HOURS = env.float("TRAINER_EXPORT_HOURS", 24.0)  # how long an archive of weights is kept
TRAINER_HOURS = env.float("TRAINER_HOURS", 0.0)  # a job may train so long; 0: as long as it takes
TRAINER_SERVE = env.str("TRAINER_SERVE", "")  # what answers for real models: unix:/…, tcp://…, vllm:http://…; or ours
TRAINER_CHAT_IDLE = env.float("TRAINER_CHAT_IDLE", 600.0)  # seconds after which our own chat process ends
CELERY_TASK_ROUTES = {"trainer.tasks.train": {"queue": "train"}}
if TRAINER_ENABLED:  # webhooks whose message was lost
    CELERY_BEAT_SCHEDULE["sweep"] = {"task": "trainer.tasks.sweep", "schedule": Every(30), "options": {"expires": 30}}
UPSTREAM_HOSTS = env.list("UPSTREAM_HOSTS", ["api.openai.com"])  # hosts, or host:port, a team may aim at
UPSTREAM_PRIVATE_HOSTS: list[str] = env.list("UPSTREAM_PRIVATE_HOSTS", [])  # those that may lead into a private network
PROBE_SECONDS = env.float("PROBE_SECONDS", 10.0)  # a person waits while a connection is tested
USD_KRW = env.decimal("USD_KRW", Decimal(1396))
USD_KRW_DATE = env.date("USD_KRW_DATE", date(2026, 11, 21))
ORDER_SECONDS = env.float("ORDER_SECONDS", 60.0)  # of an order, or a paid question: how long the answer is waited for
CLAIM_SECONDS = env.int("CLAIM_SECONDS", 15 * 60)  # a claim older than this is freed by asking
UNSURE_SECONDS = env.int("UNSURE_SECONDS", 120)  # a far side may list a job late: absent only after this long

# --- accounts -----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "jobs.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "jobs.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = env.str("EMAIL_VERIFICATION", "optional" if EMBEDDED else "mandatory")
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up: back to where one was going
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_FORMS = {"signup": "jobs.forms.accounts.SignupForm"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""  # else it is the host's name
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or address is told to its owner
ACCOUNT_RATE_LIMITS = {"invite": "30/h/user"}  # besides allauth's own: log-in 5 per 5 min and address, ...
MAILERS = {"default": mailer(env.str("EMAIL_URL", "console:" if EMBEDDED else "smtp://localhost:25"))}
SITE_URL = env.str("SITE_URL", f"http://127.0.0.1:{PORT}")  # for links in mails that no request leads to
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "글도우미 파인튜닝 <noreply@localhost>")

# --- language and time --------------------------------------------------------------------------------
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_USER_TIME_ZONE = env.str("DEFAULT_USER_TIME_ZONE", "Asia/Seoul")
LANGUAGE_CODE = "en"
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- static files, security ---------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
HTTPS = env.bool("HTTPS", not EMBEDDED)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 31536000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 1) if BEHIND_PROXY else 0  # how many stand in front, one after another
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- logs ---------------------------------------------------------------------------------------------
SECRETS = [SECRET_KEY, TRAINER_KEY_SECRET, *FIELD_KEYS]
LOGGING = logging_config(env.str("LOG_LEVEL", "INFO"), machine=not EMBEDDED, secrets=SECRETS)
