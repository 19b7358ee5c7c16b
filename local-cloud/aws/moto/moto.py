"""Serves moto on a free loopback port, which it prints, and ends when standard input does."""

import gc
import json
import os
import threading

# Services are loaded when they are first called. That makes next to no garbage, and much to look through for it.
gc.set_threshold(50_000, 10, 10)

from moto.iam.access_control import IAMPolicy
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from werkzeug.serving import make_server


def end_with_caller() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


def permission(bucket: FakeBucket, action: str, resource: str):
    """A bucket policy's decision about a call, as far as its conditions are modelled; moto ignores them all."""
    policy = json.loads(bucket.policy or '{"Version": "2012-10-17", "Statement": []}')
    listed = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    # Every request counts as one over TLS.
    met = [one for one in listed if one.get("Condition") != {"Bool": {"aws:SecureTransport": "false"}}]
    if any("Condition" in one for one in met):
        raise NotImplementedError("Of the conditions of a bucket's policy only aws:SecureTransport is modelled.")
    return IAMPolicy(json.dumps({**policy, "Statement": met})).is_action_permitted(action, resource)


one_at_a_time = threading.Lock()


def alone(answer):
    """Answers calls of S3 one after another: moto looks whether an object exists first, and creates it later."""

    def locked(*call):
        with one_at_a_time:
            return answer(*call)

    return locked


FakeBucket.get_permission = permission
S3Response._bucket_response = alone(S3Response._bucket_response)
S3Response._key_response = alone(S3Response._key_response)
threading.Thread(target=end_with_caller, daemon=True).start()
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
os.environ["MOTO_PORT"] = str(server.server_port)
print(server.server_port, flush=True)
server.serve_forever()
