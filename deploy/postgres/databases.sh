#!/bin/sh
# One database and one role a service, each with its own password: nobody can read a neighbour's tables.
# A service is who has a file NAME.password among the secrets; NAME_vault.password is the role of its identity vault, which makes a schema
# of its own in the service's database. Run by the postgres image when it makes its data folder.
set -eu
secrets=${SECRETS:-/run/secrets}

# The password is read by psql itself: no command line shows it.
run() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres "$@"
}

for file in "$secrets"/*.password; do
    name=$(basename "$file" .password)
    case $name in postgres | *_vault) continue ;; esac
    run --set name="$name" --set file="$file" <<'SQL'
\set password `cat :'file'`
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT;
ALTER ROLE :"name" PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done

for file in "$secrets"/*_vault.password; do
    name=$(basename "$file" .password)
    run --set name="$name" --set database="${name%_vault}" --set file="$file" <<'SQL'
\set password `cat :'file'`
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT;
ALTER ROLE :"name" PASSWORD :'password';
GRANT CONNECT, CREATE ON DATABASE :"database" TO :"name";
SQL
done
