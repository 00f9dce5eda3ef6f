# A conferencing app in Ruby and Sinatra, with nothing but the standard library towards the switch: answers every call,
# opens a room with the first caller, joins the others. Requests look as the classic SDK's do.
#
#   ruby conference.rb PORT API_BASE API_KEY

require 'json'
require 'net/http'
require 'sinatra/base'

PORT = Integer(ARGV[0])
BASE = URI(ARGV[1])
KEY = ARGV[2]
$stdout.sync = true

def telnyx_post(path, body)
  request = Net::HTTP::Post.new(
    path,
    'User-Agent' => 'Telnyx/v2 RubyBindings/0.0.1',
    'X-Telnyx-Client-User-Agent' => { lang: 'ruby', publisher: 'telnyx' }.to_json,
    'Authorization' => "Bearer #{KEY}",
    'Content-Type' => 'application/json',
    'Accept' => '*/*',
    'Accept-Encoding' => 'gzip;q=1.0,deflate;q=0.6,identity;q=0.3',
    'Connection' => 'keep-alive',
    'Keep-Alive' => '30'
  )
  request.body = body.to_json
  reply = Net::HTTP.start(BASE.host, BASE.port, open_timeout: 30, read_timeout: 80) { |http| http.request(request) }
  puts "POST #{path.split('/').last} #{reply.code}"
  raise reply.body unless reply.code.start_with?('2')

  JSON.parse(reply.body)['data']
end

def escaped(id)
  URI.encode_www_form_component(id)
end

class App < Sinatra::Base
  set :bind, '127.0.0.1'
  set :port, PORT
  set :server, :webrick
  set :lock, true
  @@room = nil
  @@legs = []

  post '/webhook' do
    data = JSON.parse(request.body.read)['data']
    if data['record_type'] == 'event'
      leg = data['payload']['call_control_id']
      case data['event_type']
      when 'call.initiated'
        @@legs << data['payload']['call_leg_id']
        telnyx_post("/v2/calls/#{escaped(leg)}/actions/answer", {})
      when 'call.answered'
        if @@room.nil?
          created = telnyx_post('/v2/conferences', { call_control_id: leg, name: 'demo-conference' })
          raise 'no conference' unless created['record_type'] == 'conference'

          @@room = created['id']
        else
          telnyx_post("/v2/conferences/#{escaped(@@room)}/actions/join", { call_control_id: leg })
        end
      when 'call.hangup'
        @@legs.delete(data['payload']['call_leg_id'])
      end
    end
    status 200
    body ''
  end
end

App.run!
