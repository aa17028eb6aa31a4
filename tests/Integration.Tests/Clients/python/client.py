"""A client that knows the .proto files and nothing of ours: runs every scenario and prints one JSON line for each.

Usage: client.py <host:port> <api key> <service name> <folder with the generated *_pb2.py>
"""
import json
import queue
import sys
import threading
import time

import grpc

address, key, service, generated = sys.argv[1:5]
sys.path.insert(0, generated)
import health_pb2  # noqa: E402
import reflection_pb2  # noqa: E402
import telemetry_pb2 as t  # noqa: E402

INGESTOR = "/telemetry.v1.TelemetryIngestor/"
OPTIONS = [("grpc.max_send_message_length", -1)]


def now():
    return time.time_ns()


def metadata(value=None):
    value = key if value is None else value
    return (("x-api-key", value),) if value else ()


def gauge(value, **labels):
    return t.Metric(name="temperature", unit="Cel", labels=labels, samples=[t.MetricSample(timestamp_ns=now(), gauge=value)])


def batch(instance, metrics, **more):
    return t.TelemetryBatch(service=service, instance=instance, metrics=metrics, **more)


def as_json(ack):
    return {"received": str(ack.received), "rejected": str(ack.rejected), "message": ack.message, "sequence": str(ack.sequence),
            "server_session_id": str(ack.server_session_id)}


def failed(error):
    return {"code": error.code().name, "details": error.details()}


def stream(batches, meta=None, timeout=None, method="StreamTelemetry", serializer=t.TelemetryBatch.SerializeToString, compression=None):
    with grpc.insecure_channel(address, options=OPTIONS, compression=compression) as channel:
        call = channel.stream_unary(INGESTOR + method, request_serializer=serializer, response_deserializer=t.Ack.FromString)
        try:
            return {"code": "OK", "ack": as_json(call(iter(batches), metadata=metadata() if meta is None else meta, timeout=timeout))}
        except grpc.RpcError as error:
            return failed(error)


def exchange(batches, while_open=None):
    outgoing = queue.Queue()
    for item in batches:
        outgoing.put(item)
    acks = []
    with grpc.insecure_channel(address) as channel:
        call = channel.stream_stream(INGESTOR + "Exchange", request_serializer=t.TelemetryBatch.SerializeToString,
                                     response_deserializer=t.Ack.FromString)
        replies = call(iter(outgoing.get, None), metadata=metadata())
        try:
            for ack in replies:
                acks.append(as_json(ack))
                if ack.sequence >= batches[-1].sequence:
                    if while_open:
                        while_open()
                    outgoing.put(None)
        except grpc.RpcError as error:
            outgoing.put(None)
            return {**failed(error), "acks": acks}
    return {"code": "OK", "acks": acks}


def run_stream():
    return stream([batch("python-1", [
        gauge(20 + i, room="kitchen", floor="1"),
        t.Metric(name="boots_total", samples=[t.MetricSample(timestamp_ns=now(), counter=i)]),
        t.Metric(name="size", unit="By", samples=[t.MetricSample(timestamp_ns=now(), histogram=t.Histogram(
            count=3, sum=6, min=1, max=3, scale=0, positive_offset=-1, positive_counts=[1, 1, 1]))]),
    ]) for i in range(10)])


def run_second_session():
    second = {}

    def intrude():
        second.update(exchange([batch("python-4", [gauge(2)], sequence=1, session_id=2)]))

    first = exchange([batch("python-4", [gauge(1)], sequence=1, session_id=1)], intrude)
    return {**second, "first": first["code"]}


def run_deadline():
    silent = threading.Event()

    def nothing():
        silent.wait(10)
        yield from ()

    result = stream(nothing(), timeout=0.3)
    silent.set()
    return result


def run_health():
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                                   response_deserializer=health_pb2.HealthCheckResponse.FromString)
        reply = call(health_pb2.HealthCheckRequest(service="telemetry.v1.TelemetryIngestor"), metadata=metadata())
        return {"code": "OK", "serving": health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)}


def run_reflection():
    r = reflection_pb2
    with grpc.insecure_channel(address) as channel:
        call = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                     request_serializer=r.ServerReflectionRequest.SerializeToString,
                                     response_deserializer=r.ServerReflectionResponse.FromString)
        found = {"code": "OK", "services": [], "files": 0}
        for reply in call(iter([r.ServerReflectionRequest(list_services=""),
                                r.ServerReflectionRequest(file_containing_symbol="telemetry.v1.TelemetryIngestor")]), metadata=metadata()):
            found["services"] += [entry.name for entry in reply.list_services_response.service]
            found["files"] += len(reply.file_descriptor_response.file_descriptor_proto)
        return found


SCENARIOS = {
    "stream": run_stream,
    "gzip": lambda: stream([batch("python-gzip", [gauge(i, n=str(i)) for i in range(50)])], compression=grpc.Compression.Gzip),
    "exchange": lambda: exchange([batch("python-2", [gauge(i)], sequence=i + 1, session_id=4243, sent_at_ns=now()) for i in range(20)]),
    "wrong_key": lambda: stream([batch("python-3", [gauge(1)])], meta=metadata("not-the-key")),
    "missing_key": lambda: stream([batch("python-3", [gauge(1)])], meta=()),
    "oversized": lambda: stream([batch("python-3", [gauge(1, huge="x" * (5 * 1024 * 1024))])]),
    "malformed": lambda: stream([b"\x0a\x01s\x12\x01i\x1a\x03\x0a\x05a"], serializer=lambda data: data),
    "unknown_method": lambda: stream([b""], method="Missing", serializer=lambda data: data),
    "deadline": run_deadline,
    "second_session": run_second_session,
    "health": run_health,
    "reflection": run_reflection,
}

for name, run in SCENARIOS.items():
    print(json.dumps({"scenario": name, **run()}), flush=True)
