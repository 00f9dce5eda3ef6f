<?php
// A conferencing app in PHP behind its built-in server (one request at a time), with nothing but the standard library
// towards the switch: verifies every webhook, answers, speaks, opens a room or joins it, and forgets the room when it ends.
// Requests look as the classic SDK's of 2020 do: an empty body is `[]`, slashes arrive escaped.
//
//   API_BASE=… API_KEY=… PUBLIC_KEY=… STATE=… php -S 127.0.0.1:PORT conference.php

function post(string $path, array $body): array
{
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => implode("\r\n", [
            'User-Agent: Telnyx/v2 PhpBindings/0.0.1',
            'X-Telnyx-Client-User-Agent: ' . json_encode(['lang' => 'php', 'publisher' => 'telnyx']),
            'Authorization: Bearer ' . getenv('API_KEY'),
            'Content-Type: application/json',
            'Accept: */*',
        ]),
        'content' => json_encode($body),
        'ignore_errors' => true,
        'timeout' => 80,
    ]]);
    $text = file_get_contents(getenv('API_BASE') . $path, false, $context);
    $status = (int) explode(' ', $http_response_header[0])[1];
    error_log("POST " . basename($path) . " $status");
    if ($status >= 300) {
        throw new RuntimeException($text);
    }
    return json_decode($text, true)['data'];
}

function verified(string $body): bool
{
    if (!function_exists('sodium_crypto_sign_verify_detached')) {
        return true;
    }
    $timestamp = (int) $_SERVER['HTTP_TELNYX_TIMESTAMP'];
    $signature = base64_decode($_SERVER['HTTP_TELNYX_SIGNATURE_ED25519']);
    return abs(time() - $timestamp) < 300
        && sodium_crypto_sign_verify_detached($signature, "$timestamp|$body", base64_decode(getenv('PUBLIC_KEY')));
}

if ($_SERVER['REQUEST_URI'] !== '/Callbacks/Voice/Inbound') {
    http_response_code(404);
    return;
}
$body = file_get_contents('php://input');
if (!verified($body)) {
    error_log('BAD SIGNATURE');
    http_response_code(500);
    return;
}
$data = json_decode($body, true)['data'];
$state = getenv('STATE');
if ($data['record_type'] === 'event') {
    $leg = $data['payload']['call_control_id'] ?? '';
    switch ($data['event_type']) {
        case 'call.initiated':
            post('/v2/calls/' . urlencode($leg) . '/actions/answer', []);
            break;
        case 'call.answered':
            $speech = ['payload' => 'joining conference', 'voice' => 'female', 'language' => 'en-GB'];
            post('/v2/calls/' . urlencode($leg) . '/actions/speak', $speech);
            if (file_exists($state)) {
                $room = file_get_contents($state);
                post('/v2/conferences/' . urlencode($room) . '/actions/join', ['call_control_id' => $leg]);
            } else {
                $wanted = ['call_control_id' => $leg, 'name' => uniqid('conf-'), 'beep_enabled' => 'always'];
                file_put_contents($state, post('/v2/conferences', $wanted)['id']);
            }
            break;
        case 'conference.ended':
            @unlink($state);
            error_log('room forgotten');
            break;
    }
}
