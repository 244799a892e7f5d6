-- The accounts and the database, for a new PostgreSQL. psql reads the passwords from its
-- environment; no account of these may create roles or databases.
\set ON_ERROR_STOP on
\getenv owner_password NIGHTSIEVE_OWNER_PASSWORD
\getenv reader_password NIGHTSIEVE_READER_PASSWORD

-- Owns the tables: load, reviews import, forget, and the service for corrections.
CREATE ROLE nightsieve LOGIN PASSWORD :'owner_password';
-- Reads alone: nights.
CREATE ROLE nightsieve_reader LOGIN PASSWORD :'reader_password';
ALTER ROLE nightsieve_reader SET default_transaction_read_only = on;

CREATE DATABASE nightsieve OWNER nightsieve;
REVOKE ALL ON DATABASE nightsieve FROM PUBLIC;
GRANT CONNECT ON DATABASE nightsieve TO nightsieve_reader;
\connect nightsieve
ALTER DEFAULT PRIVILEGES FOR ROLE nightsieve GRANT SELECT ON TABLES TO nightsieve_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE nightsieve GRANT USAGE ON SCHEMAS TO nightsieve_reader;
