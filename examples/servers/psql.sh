# psql against the PostgreSQL of this folder.
exec psql -U shop -d postgres -qtA -v ON_ERROR_STOP=1 "$@"
