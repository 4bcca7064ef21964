/* Sends requests over a unix socket, each connection from a thread of its own, and says how long that took.
 *
 *     door_client SOCKET CONNECTIONS EACH METHOD PATH [BODY]
 *
 * PATH and BODY may have %1$d, the connection's number, and %2$d, the request's. Printed are the seconds of
 * all, the answers that were not 2xx, and the seconds of the slowest request.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char *address, *method, *path_format, *body_format;
static int each;
static pthread_barrier_t ready;

struct client {
    int number, connection, failures;
    double slowest;
    size_t size;
    char *answer;
};

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

static int connected(void) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int made = socket(AF_UNIX, SOCK_STREAM, 0);
    strncpy(to.sun_path, address, sizeof to.sun_path - 1);
    if (made < 0 || connect(made, (struct sockaddr *)&to, sizeof to) < 0) die(address);
    return made;
}

static void send_request(struct client *self, int number) {
    char path[512], body[1024], request[2048];
    snprintf(path, sizeof path, path_format, self->number, number);
    snprintf(body, sizeof body, body_format, self->number, number);
    int length = snprintf(request, sizeof request,
                          "%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                          method, path, strlen(body), body);
    if (write(self->connection, request, length) != length) die("write");
}

/* Whether the answer has all come: by its length, or with the last chunk's end. */
static int is_whole(struct client *self, size_t got) {
    self->answer[got] = 0;
    char *body = strstr(self->answer, "\r\n\r\n");
    if (!body) return 0;
    size_t head = body + 4 - self->answer;
    *body = 0;
    char *length = strcasestr(self->answer, "\r\nContent-Length:");
    int chunked = strcasestr(self->answer, "\r\nTransfer-Encoding: chunked") != NULL;
    size_t wanted = length ? head + strtoul(length + 17, NULL, 10) : head;
    *body = '\r';
    return chunked ? got - head >= 5 && !memcmp(self->answer + got - 5, "0\r\n\r\n", 5) : got >= wanted;
}

static void read_answer(struct client *self) {
    size_t got = 0;
    do {
        if (got + 65536 > self->size && !(self->answer = realloc(self->answer, self->size = 2 * got + 131072)))
            die("realloc");
        ssize_t came = read(self->connection, self->answer + got, self->size - got - 1);
        if (came <= 0) die("read");
        got += came;
    } while (!is_whole(self, got));
    if (self->answer[9] != '2') self->failures++;
}

static void *run(void *given) {
    struct client *self = given;
    self->connection = connected();
    pthread_barrier_wait(&ready);
    for (int number = 0; number < each; number++) {
        double begin = now();
        send_request(self, number);
        read_answer(self);
        double took = now() - begin;
        if (took > self->slowest) self->slowest = took;
    }
    close(self->connection);
    free(self->answer);
    return NULL;
}

int main(int count, char **arguments) {
    if (count < 6) return fprintf(stderr, "door_client SOCKET CONNECTIONS EACH METHOD PATH [BODY]\n"), 2;
    address = arguments[1], each = atoi(arguments[3]), method = arguments[4], path_format = arguments[5];
    body_format = count > 6 ? arguments[6] : "";
    int connections = atoi(arguments[2]), failures = 0;
    double slowest = 0;
    struct client clients[connections];
    pthread_t threads[connections];
    pthread_barrier_init(&ready, NULL, connections + 1);
    for (int number = 0; number < connections; number++) {
        clients[number] = (struct client){.number = number};
        if (pthread_create(&threads[number], NULL, run, &clients[number])) die("pthread_create");
    }
    pthread_barrier_wait(&ready);
    double begin = now();
    for (int number = 0; number < connections; number++) {
        pthread_join(threads[number], NULL);
        failures += clients[number].failures;
        if (clients[number].slowest > slowest) slowest = clients[number].slowest;
    }
    printf("%.6f %d %.6f\n", now() - begin, failures, slowest);
    return 0;
}
