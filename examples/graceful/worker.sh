# The signal goes to the whole group, so the job that is to be finished must not hear it.
trap 'stopping=yes' TERM
until [ "$stopping" ]; do
  (trap '' TERM; echo "job begun"; sleep 1; echo "job done")
done
echo "left between two jobs"
