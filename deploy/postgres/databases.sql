-- Run once by the PostgreSQL container, when its volume is made: the databases beside Airflow's own.
-- Each has an owner that cannot read the others.
\set ON_ERROR_STOP on
\getenv warehouse_password WAREHOUSE_PASSWORD
\getenv celery_password CELERY_PASSWORD

CREATE ROLE warehouse LOGIN PASSWORD :'warehouse_password';
CREATE DATABASE warehouse OWNER warehouse;
CREATE ROLE celery LOGIN PASSWORD :'celery_password';
CREATE DATABASE celery OWNER celery;

REVOKE CONNECT ON DATABASE airflow FROM PUBLIC;
REVOKE CONNECT ON DATABASE warehouse FROM PUBLIC;
REVOKE CONNECT ON DATABASE celery FROM PUBLIC;
