// Datagram sockets for media (RFC 768) at the price of the system calls: the optional, faster twin of src/net/udp.ts.
//
// Node's own datagram sockets make a buffer, an address and a call into JavaScript for each packet, and a request object for each
// send. Here all sockets of a thread hang in one epoll set: what is there to read is read into slots that JavaScript shares, and
// told in one call; a send is one system call and makes nothing. What the functions take and give is in src/net/native-udp.ts,
// their only caller, which also says what a slot holds.
//
// Nothing here trusts JavaScript: each number of a socket is looked up, each length comes from the array itself. Only Node-API
// and libuv are used, both of which keep their binary interface: the object is compiled once and serves later Nodes, too.

#define _GNU_SOURCE
#define NAPI_VERSION 8

#include <errno.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

// What a slot's four numbers are, in step with src/net/native-udp.ts.
enum { META_SOCKET, META_LENGTH, META_PORT, META_NEW_SOURCE, META_WAITED_US, META_FIELDS };

enum { SLOT_OCTETS = 2048, MAX_SLOTS = 256, MAX_SOCKETS = 65536, HOST_TEXT = 64, MAX_WAITED_US = 1000000, MAX_GATHER_MS = 20 };

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} Address;

typedef struct {
  int fd;  // -1: free
  uint32_t next_free;
  bool connected;
  Address target;  // where send() goes, and the peer when connected
  Address source;  // of the datagram told last
} Socket;

// One to a thread (to an environment of Node-API). It lives until libuv has let go of `poll`.
typedef struct {
  napi_env env;
  int epoll;
  uv_poll_t poll;
  // Between two readings, while datagrams are gathered; `poll` rests meanwhile.
  uv_timer_t pause;
  uint32_t gather_ms;
  bool started;

  Socket* sockets;
  uint32_t capacity;
  uint32_t open;
  uint32_t first_free;

  // Memory of JavaScript's, held by the references.
  uint8_t* octets;
  int32_t* meta;
  uint32_t slots;
  napi_ref octets_ref;
  napi_ref meta_ref;
  napi_ref told_ref;
  napi_ref resource_ref;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
} Hub;

static const uint32_t NONE = UINT32_MAX;

static socklen_t length_of(const Address* address) {
  return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

static int port_of(const Address* address) {
  return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

static bool same(const Address* a, const Address* b) {
  if (a->any.sa_family != b->any.sa_family) return false;
  if (a->any.sa_family == AF_INET6) {
    return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
           memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
  }
  return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

static int parse(const char* host, int port, Address* into) {
  memset(into, 0, sizeof *into);
  return strchr(host, ':') != NULL ? uv_ip6_addr(host, port, &into->v6) : uv_ip4_addr(host, port, &into->v4);
}

// ---- What JavaScript hands over

static napi_value nothing(napi_env env, const char* why) {
  napi_throw_type_error(env, NULL, why);
  return NULL;
}

static Hub* hub_of(napi_env env) {
  void* data = NULL;
  return napi_get_instance_data(env, &data) == napi_ok ? data : NULL;
}

// The first argument is a socket's number, of an open one; `values` takes it and those after it.
static Socket* socket_of(napi_env env, napi_callback_info info, size_t wanted, napi_value* values) {
  size_t count = wanted;
  uint32_t id;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < wanted) return NULL;
  if (napi_get_value_uint32(env, values[0], &id) != napi_ok) return NULL;
  Hub* hub = hub_of(env);
  if (hub == NULL || id >= hub->capacity || hub->sockets[id].fd < 0) return NULL;
  return &hub->sockets[id];
}

static bool address_from(napi_env env, napi_value host, napi_value port, Address* into) {
  char text[HOST_TEXT];
  size_t length;
  uint32_t number;
  if (napi_get_value_string_utf8(env, host, text, sizeof text, &length) != napi_ok) return false;
  if (napi_get_value_uint32(env, port, &number) != napi_ok || number > 65535) return false;
  return parse(text, (int)number, into) == 0;
}

static napi_value number(napi_env env, int32_t value) {
  napi_value result;
  return napi_create_int32(env, value, &result) == napi_ok ? result : NULL;
}

static napi_value host_text(napi_env env, const Address* address) {
  char text[HOST_TEXT];
  napi_value result;
  if (uv_ip_name(&address->any, text, sizeof text) != 0) text[0] = '\0';
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result) == napi_ok ? result : NULL;
}

// ---- The table of sockets

static uint32_t take_number(Hub* hub) {
  if (hub->first_free == NONE) {
    if (hub->capacity >= MAX_SOCKETS) return NONE;
    uint32_t capacity = hub->capacity == 0 ? 64 : hub->capacity * 2;
    Socket* sockets = realloc(hub->sockets, capacity * sizeof *sockets);
    if (sockets == NULL) return NONE;
    for (uint32_t i = hub->capacity; i < capacity; i++) {
      sockets[i].fd = -1;
      sockets[i].next_free = i + 1 == capacity ? NONE : i + 1;
    }
    hub->first_free = hub->capacity;
    hub->sockets = sockets;
    hub->capacity = capacity;
  }
  uint32_t id = hub->first_free;
  hub->first_free = hub->sockets[id].next_free;
  return id;
}

static void give_back(Hub* hub, uint32_t id) {
  hub->sockets[id].fd = -1;
  hub->sockets[id].next_free = hub->first_free;
  hub->first_free = id;
}

// ---- Receiving

static void tell(Hub* hub, uint32_t count) {
  napi_handle_scope scope;
  napi_value told, resource, argument;
  if (napi_open_handle_scope(hub->env, &scope) != napi_ok) return;
  if (napi_get_reference_value(hub->env, hub->told_ref, &told) == napi_ok &&
      napi_get_reference_value(hub->env, hub->resource_ref, &resource) == napi_ok &&
      napi_create_uint32(hub->env, count, &argument) == napi_ok &&
      napi_make_callback(hub->env, hub->context, resource, told, 1, &argument, NULL) == napi_pending_exception) {
    napi_value thrown;
    // What a receiver throws ends the process as it would from a socket of Node's own.
    if (napi_get_and_clear_last_exception(hub->env, &thrown) == napi_ok) napi_fatal_exception(hub->env, thrown);
  }
  napi_close_handle_scope(hub->env, scope);
}

// How long a datagram lay in its socket: the kernel stamped it when it came (SO_TIMESTAMPNS). 0 when it did not, or when the clock
// was set meanwhile.
static int32_t waited_us(struct msghdr* message, const struct timespec* now) {
  for (struct cmsghdr* part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec came;
    memcpy(&came, CMSG_DATA(part), sizeof came);
    int64_t us = (int64_t)(now->tv_sec - came.tv_sec) * 1000000 + (now->tv_nsec - came.tv_nsec) / 1000;
    return us < 0 || us > MAX_WAITED_US ? 0 : (int32_t)us;
  }
  return 0;
}

// One datagram of each socket that has some, into the slots; returns how many. The set is level-triggered: the rest is found by
// the next reading, and timers are served in between.
static uint32_t read_slots(Hub* hub) {
  struct epoll_event ready[MAX_SLOTS];
  struct timespec now;
  int count = epoll_wait(hub->epoll, ready, (int)hub->slots, 0);
  uint32_t told = 0;
  if (count > 0) clock_gettime(CLOCK_REALTIME, &now);
  for (int i = 0; i < count; i++) {
    uint32_t id = ready[i].data.u32;
    Socket* socket = &hub->sockets[id];
    Address from;
    union {
      struct cmsghdr aligned;
      char octets[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec slot = {hub->octets + (size_t)told * SLOT_OCTETS, SLOT_OCTETS};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof from,
                             .msg_iov = &slot,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t length = recvmsg(socket->fd, &message, MSG_TRUNC);
    int32_t* meta = hub->meta + told * META_FIELDS;
    if (length < 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      // An ICMP error of a connected socket (RFC 1122 section 4.1.3.3).
      meta[META_LENGTH] = -errno;
    } else if (length > SLOT_OCTETS) {
      meta[META_LENGTH] = -EMSGSIZE;
    } else {
      bool is_new = !same(&from, &socket->source);
      if (is_new) socket->source = from;
      meta[META_LENGTH] = (int32_t)length;
      meta[META_PORT] = port_of(&from);
      meta[META_NEW_SOURCE] = is_new;
      meta[META_WAITED_US] = waited_us(&message, &now);
    }
    meta[META_SOCKET] = (int32_t)id;
    told++;
  }
  return told;
}

static void on_pause_over(uv_timer_t* pause);

static void on_readable(uv_poll_t* poll, int status, int events) {
  Hub* hub = poll->data;
  (void)status;
  (void)events;
  uint32_t told = read_slots(hub);
  if (told > 0) tell(hub, told);
  if (hub->gather_ms == 0) return;
  uv_poll_stop(poll);
  uv_timer_start(&hub->pause, on_pause_over, hub->gather_ms, 0);
}

// Goes on in this rhythm while datagrams come; the first one after a silence is told at once.
static void on_pause_over(uv_timer_t* pause) {
  Hub* hub = pause->data;
  uint32_t told = read_slots(hub);
  if (told > 0) tell(hub, told);
  if (told > 0 && hub->gather_ms > 0) {
    uv_timer_start(pause, on_pause_over, hub->gather_ms, 0);
  } else {
    uv_poll_start(&hub->poll, UV_READABLE, on_readable);
  }
}

// ---- The functions

// Only open sockets keep a process alive.
static void keep_alive(Hub* hub, bool alive) {
  void (*say)(uv_handle_t*) = alive ? uv_ref : uv_unref;
  say((uv_handle_t*)&hub->poll);
  say((uv_handle_t*)&hub->pause);
}

// start(octets: Uint8Array, meta: Int32Array, told: (slots: number) => void): void, once
static napi_value start(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value values[3], resource, name;
  Hub* hub = hub_of(env);
  napi_typedarray_type octets_type, meta_type;
  napi_valuetype told_type;
  size_t octets, fields;
  void *octets_data, *meta_data;
  uv_loop_t* loop;
  if (hub == NULL || hub->started) return nothing(env, "started already");
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 3 ||
      napi_get_typedarray_info(env, values[0], &octets_type, &octets, &octets_data, NULL, NULL) != napi_ok ||
      napi_get_typedarray_info(env, values[1], &meta_type, &fields, &meta_data, NULL, NULL) != napi_ok ||
      napi_typeof(env, values[2], &told_type) != napi_ok || octets_type != napi_uint8_array ||
      meta_type != napi_int32_array || told_type != napi_function) {
    return nothing(env, "takes octets, numbers and a function");
  }
  size_t slots = octets / SLOT_OCTETS;
  if (slots == 0 || slots > MAX_SLOTS || fields < slots * META_FIELDS) return nothing(env, "no such number of slots");
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nothing(env, "no event loop");
  if (napi_create_object(env, &resource) != napi_ok ||
      napi_create_string_utf8(env, "MediaSockets", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_reference(env, values[0], 1, &hub->octets_ref) != napi_ok ||
      napi_create_reference(env, values[1], 1, &hub->meta_ref) != napi_ok ||
      napi_create_reference(env, values[2], 1, &hub->told_ref) != napi_ok ||
      napi_create_reference(env, resource, 1, &hub->resource_ref) != napi_ok ||
      napi_async_init(env, resource, name, &hub->context) != napi_ok) {
    return nothing(env, "out of memory");
  }
  hub->octets = octets_data;
  hub->meta = meta_data;
  hub->slots = (uint32_t)slots;
  hub->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (hub->epoll < 0 || uv_poll_init(loop, &hub->poll, hub->epoll) != 0) return nothing(env, "no epoll");
  uv_timer_init(loop, &hub->pause);
  hub->poll.data = hub;
  hub->pause.data = hub;
  uv_poll_start(&hub->poll, UV_READABLE, on_readable);
  keep_alive(hub, false);
  hub->started = true;
  return NULL;
}

// bind(host: string, port: number, receiveBufferOctets: number, sendBufferOctets: number): number of the socket, or -errno
static napi_value bind_socket(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value values[4];
  Hub* hub = hub_of(env);
  Address local;
  int32_t receive_octets, send_octets;
  const int stamped = 1;
  if (hub == NULL || !hub->started) return nothing(env, "not started");
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 4 ||
      !address_from(env, values[0], values[1], &local) ||
      napi_get_value_int32(env, values[2], &receive_octets) != napi_ok ||
      napi_get_value_int32(env, values[3], &send_octets) != napi_ok) {
    return number(env, -EINVAL);
  }
  uint32_t id = take_number(hub);
  if (id == NONE) return number(env, -EMFILE);
  int fd = socket(local.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct epoll_event interest = {.events = EPOLLIN, .data = {.u32 = id}};
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_octets, sizeof receive_octets) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_octets, sizeof send_octets) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &stamped, sizeof stamped) != 0 ||
      bind(fd, &local.any, length_of(&local)) != 0 || epoll_ctl(hub->epoll, EPOLL_CTL_ADD, fd, &interest) != 0) {
    int error = errno;
    if (fd >= 0) close(fd);
    give_back(hub, id);
    return number(env, -error);
  }
  hub->sockets[id] = (Socket){.fd = fd, .next_free = NONE};
  if (hub->open++ == 0) keep_alive(hub, true);
  return number(env, (int32_t)id);
}

// close(socket: number): void
static napi_value close_socket(napi_env env, napi_callback_info info) {
  napi_value values[1];
  Socket* socket = socket_of(env, info, 1, values);
  if (socket == NULL) return NULL;
  Hub* hub = hub_of(env);
  // Closing alone would leave it in the set for as long as a child that is just being started holds it, too.
  epoll_ctl(hub->epoll, EPOLL_CTL_DEL, socket->fd, NULL);
  close(socket->fd);
  give_back(hub, (uint32_t)(socket - hub->sockets));
  if (--hub->open == 0) keep_alive(hub, false);
  return NULL;
}

static bool local_of(const Socket* socket, Address* into) {
  socklen_t size = sizeof *into;
  return socket != NULL && getsockname(socket->fd, &into->any, &size) == 0;
}

// localHost(socket: number): string
static napi_value local_host(napi_env env, napi_callback_info info) {
  napi_value values[1];
  Address local;
  return local_of(socket_of(env, info, 1, values), &local) ? host_text(env, &local) : NULL;
}

// localPort(socket: number): number
static napi_value local_port(napi_env env, napi_callback_info info) {
  napi_value values[1];
  Address local;
  return local_of(socket_of(env, info, 1, values), &local) ? number(env, port_of(&local)) : NULL;
}

// sourceHost(socket: number): string, of the datagram told last
static napi_value source_host(napi_env env, napi_callback_info info) {
  napi_value values[1];
  Socket* socket = socket_of(env, info, 1, values);
  return socket == NULL ? NULL : host_text(env, &socket->source);
}

// aim(socket: number, host: string, port: number, connect: boolean): 0 or errno. Where the next sends go; connected: only that
// peer is heard.
static napi_value aim(napi_env env, napi_callback_info info) {
  napi_value values[4];
  Socket* socket = socket_of(env, info, 4, values);
  Address target;
  bool to_connect;
  if (socket == NULL) return number(env, EBADF);
  if (!address_from(env, values[1], values[2], &target) || napi_get_value_bool(env, values[3], &to_connect) != napi_ok) {
    return number(env, EINVAL);
  }
  if (to_connect && connect(socket->fd, &target.any, length_of(&target)) != 0) return number(env, errno);
  if (to_connect) socket->connected = true;
  socket->target = target;
  return number(env, 0);
}

// disconnect(socket: number): void. Everybody is heard again.
static napi_value disconnect_socket(napi_env env, napi_callback_info info) {
  napi_value values[1];
  Socket* socket = socket_of(env, info, 1, values);
  struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  if (socket == NULL || !socket->connected) return NULL;
  connect(socket->fd, &nobody, sizeof nobody);
  socket->connected = false;
  return NULL;
}

// send(socket: number, octets: Uint8Array): 0 or errno. To where it was aimed last.
static napi_value send_datagram(napi_env env, napi_callback_info info) {
  napi_value values[2];
  Socket* socket = socket_of(env, info, 2, values);
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (socket == NULL) return number(env, EBADF);
  if (napi_get_typedarray_info(env, values[1], &type, &length, &data, NULL, NULL) != napi_ok || type != napi_uint8_array) {
    return number(env, EINVAL);
  }
  // An earlier ICMP error is told by the send after it, which then sent nothing: the second try does.
  for (int tries = 0; tries < 2; tries++) {
    ssize_t sent = socket->connected
                       ? send(socket->fd, data, length, 0)
                       : sendto(socket->fd, data, length, 0, &socket->target.any, length_of(&socket->target));
    if (sent >= 0) return number(env, 0);
    if (errno != ECONNREFUSED && errno != EINTR) break;
  }
  return number(env, errno);
}

// gather(milliseconds: number): void. 0: datagrams are told as they come.
static napi_value gather(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value value;
  uint32_t milliseconds;
  Hub* hub = hub_of(env);
  if (hub == NULL || napi_get_cb_info(env, info, &count, &value, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_value_uint32(env, value, &milliseconds) != napi_ok || milliseconds > MAX_GATHER_MS) {
    return nothing(env, "no such time");
  }
  hub->gather_ms = milliseconds;
  return NULL;
}

// read(): how many slots hold news, now. JavaScript that asks is told by the result and nothing else.
static napi_value read_now(napi_env env, napi_callback_info info) {
  Hub* hub = hub_of(env);
  (void)info;
  return number(env, hub == NULL || !hub->started ? 0 : (int32_t)read_slots(hub));
}

// ---- Beginning and end

static void let_go(Hub* hub) {
  napi_async_cleanup_hook_handle cleanup = hub->cleanup;
  free(hub->sockets);
  free(hub);
  if (cleanup != NULL) napi_remove_async_cleanup_hook(cleanup);
}

static void on_poll_closed(uv_handle_t* poll) {
  Hub* hub = poll->data;
  close(hub->epoll);
  let_go(hub);
}

static void on_pause_closed(uv_handle_t* pause) {
  Hub* hub = pause->data;
  uv_close((uv_handle_t*)&hub->poll, on_poll_closed);
}

// The thread ends. The environment waits until libuv has let go.
static void end(napi_async_cleanup_hook_handle cleanup, void* data) {
  Hub* hub = data;
  hub->cleanup = cleanup;
  for (uint32_t i = 0; i < hub->capacity; i++) {
    if (hub->sockets[i].fd >= 0) close(hub->sockets[i].fd);
  }
  if (hub->started) {
    uv_close((uv_handle_t*)&hub->pause, on_pause_closed);
  } else {
    let_go(hub);
  }
}

NAPI_MODULE_INIT() {
  static const struct {
    const char* name;
    napi_callback function;
  } functions[] = {
      {"start", start},           {"bind", bind_socket},
      {"close", close_socket},    {"localHost", local_host},
      {"localPort", local_port},  {"sourceHost", source_host},
      {"aim", aim},               {"disconnect", disconnect_socket},
      {"send", send_datagram},    {"gather", gather},
      {"read", read_now},
  };
  Hub* hub = calloc(1, sizeof *hub);
  if (hub == NULL) return nothing(env, "out of memory");
  hub->env = env;
  hub->first_free = NONE;
  if (napi_set_instance_data(env, hub, NULL, NULL) != napi_ok || napi_add_async_cleanup_hook(env, end, hub, NULL) != napi_ok) {
    free(hub);
    return nothing(env, "no place for the sockets");
  }
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, function) != napi_ok) {
      return nothing(env, "no place for the functions");
    }
  }
  return exports;
}
