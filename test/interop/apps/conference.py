# A conferencing app in Python and Flask, with nothing but the standard library towards the switch: answers every call,
# opens a room with the first caller, joins the others. Requests look as the classic SDK's do.
#
#   python3 conference.py PORT API_BASE API_KEY

import http.client
import json
import sys
from urllib.parse import quote_plus, urlsplit

from flask import Flask, request

port, base, key = int(sys.argv[1]), urlsplit(sys.argv[2]), sys.argv[3]
app = Flask(__name__)
room = {"id": None}
legs = set()


def post(path, body):
    connection = http.client.HTTPConnection(base.hostname, base.port, timeout=80)
    connection.request(
        "POST",
        path,
        json.dumps(body),
        {
            "User-Agent": "Telnyx/v2 PythonBindings/2.1.6",
            "X-Telnyx-Client-User-Agent": json.dumps({"lang": "python", "publisher": "telnyx"}),
            "Authorization": "Bearer " + key,
            "Content-Type": "application/json",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "keep-alive",
        },
    )
    reply = connection.getresponse()
    text = reply.read()
    print("POST", path.split("/")[-1], reply.status, flush=True)
    if reply.status >= 300:
        raise RuntimeError(text)
    return json.loads(text)["data"]


@app.route("/webhook", methods=["POST"])
def webhook():
    data = request.json.get("data")
    if data.get("record_type") != "event":
        return "", 200
    kind, leg = data.get("event_type"), data["payload"].get("call_control_id")
    if kind == "call.initiated":
        legs.add(data["payload"]["call_leg_id"])
        post("/v2/calls/%s/actions/answer" % quote_plus(leg), {})
    elif kind == "call.answered":
        if room["id"] is None:
            created = post(
                "/v2/conferences",
                {"beep_enabled": "always", "call_control_id": leg, "name": "demo-conference"},
            )
            assert created["record_type"] == "conference"
            room["id"] = created["id"]
        else:
            post("/v2/conferences/%s/actions/join" % quote_plus(room["id"]), {"call_control_id": leg})
    elif kind == "call.hangup":
        legs.remove(data["payload"]["call_leg_id"])
    return "", 200


app.run(host="127.0.0.1", port=port)
