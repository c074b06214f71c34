require "socket"

server = TCPServer.for_fd(3) # LISTEN_FDS says how many there are, from 3 on
stop, told = IO.pipe
trap("TERM") { told.close }
answers = []
until IO.select([server, stop]).first.include?(stop)
  client = server.accept_nonblock(exception: false) # another instance may have been faster
  next if client == :wait_readable
  answers << Thread.new(client) do |c|
    sleep 1 if c.gets.to_s.include?("/slow")
    nil until ["\r\n", nil].include?(c.gets)
    c.write "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello from ruby\n"
    c.close
  end
end
answers.each(&:join) # those that were begun
