# A network service in three lines: what it reads is what the client says, what it prints is the answer.
read -r name
name=${name%"$(printf '\r')"}
echo "Good day, ${name:-stranger} from $REMOTE_HOST."
