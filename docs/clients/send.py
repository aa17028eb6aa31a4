# pip install grpcio protobuf; protoc -I proto --python_out=. telemetry.proto
import sys, time
import grpc, telemetry_pb2 as t

address = sys.argv[1] if len(sys.argv) > 1 else "localhost:9000"
api_key = sys.argv[2] if len(sys.argv) > 2 else ""

def batches():
    for i in range(500):                                                   # ten seconds at 50 Hz
        sample = t.MetricSample(timestamp_ns=time.time_ns(), gauge=20 + i % 50)
        metric = t.Metric(name="queue_depth", labels={"queue": "orders"}, unit="1", samples=[sample])
        yield t.TelemetryBatch(service="python-demo", instance="a-1", metrics=[metric])
        time.sleep(0.02)

with grpc.insecure_channel(address) as channel:
    send = channel.stream_unary("/telemetry.v1.TelemetryIngestor/StreamTelemetry",
                                request_serializer=t.TelemetryBatch.SerializeToString, response_deserializer=t.Ack.FromString)
    ack = send(batches(), metadata=[("x-api-key", api_key)] if api_key else None)
    print(f"received {ack.received}, rejected {ack.rejected} {ack.message}")
