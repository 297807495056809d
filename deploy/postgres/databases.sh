#!/bin/sh
# One database and one role a service, each with its own password: nobody can read a neighbour's tables.
# A service is who has a file NAME.password among the secrets. Run by the postgres image when it makes its data folder.
set -eu
for file in "${SECRETS:-/run/secrets}"/*.password; do
    name=$(basename "$file" .password)
    if [ "$name" = postgres ]; then continue; fi
    # The password is read by psql itself: no command line shows it.
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres --set name="$name" --set file="$file" <<'SQL'
\set password `cat :'file'`
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT;
ALTER ROLE :"name" PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
