"""A Flask application with Flask-Dance, as small as it gets, for flask_test.go.

It keeps tokens in the session or, given DATABASE, in a table, and given REDIS caches them there. Who
somebody is, the cookie "who" says.

Each request has a process: in threads, Flask-Dance's requests share one OAuth2Session and with it a
token, so that one person's calls go out with another's
(https://github.com/singingwolfboy/flask-dance/issues/430).
"""

import json
import os
import time
from urllib.request import Request, urlopen

from flask import Flask, jsonify, request
from flask_dance.consumer import OAuth2ConsumerBlueprint
from flask_dance.consumer.storage.sqla import OAuthConsumerMixin, SQLAlchemyStorage
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from werkzeug.serving import make_server

PROVIDER = os.environ["PROVIDER"]
CLIENT = {"client_id": os.environ["CLIENT_ID"], "client_secret": os.environ["CLIENT_SECRET"]}

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
blueprint = OAuth2ConsumerBlueprint(
    "op",
    __name__,
    scope=["profile"],
    base_url=PROVIDER + "/api/",
    authorization_url=PROVIDER + "/authorize",
    token_url=PROVIDER + "/token",
    auto_refresh_url=PROVIDER + "/token",
    redirect_url="/done",
    **CLIENT,
)
app.register_blueprint(blueprint, url_prefix="/login")

if "DATABASE" in os.environ:
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE"]
    db = SQLAlchemy(app)

    class User(db.Model):
        id = db.Column(db.Integer, primary_key=True)

    class OAuth(OAuthConsumerMixin, db.Model):
        user_id = db.Column(db.Integer, db.ForeignKey(User.id))
        user = db.relationship(User)

    def current_user():
        return db.session.get(User, int(request.cookies["who"]))

    cache = None
    if "REDIS" in os.environ:
        from flask_caching import Cache

        cache = Cache(app, config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": os.environ["REDIS"]})
    blueprint.storage = SQLAlchemyStorage(OAuth, db.session, user=current_user, cache=cache)
    with app.app_context():
        if db.engine.name == "sqlite":  # a test need not outlive a power failure
            event.listen(db.engine, "connect", lambda c, _: c.execute("PRAGMA synchronous = OFF"))
        db.create_all()
        for number in (1, 2):
            db.session.merge(User(id=number))
        db.session.commit()
        db.engine.dispose()  # connections are not for the processes to share


@app.route("/done")
def done():
    return "done"


@app.route("/token")
def token():
    return jsonify(dict(blueprint.token) if blueprint.token else None)


@app.route("/api")
def api():
    answer = blueprint.session.get("user")
    return answer.text, answer.status_code


@app.route("/expire", methods=["POST"])
def expire():
    """Leaves the token its end alone or, if asked, what is left of its time too, as Flask-Dance does."""
    aged = dict(blueprint.token, expires_at=time.time() - 1, expires_in=-1)
    if "left" not in request.args:
        del aged["expires_in"]
    blueprint.token = aged
    return "done"


@app.route("/disconnect", methods=["POST"])
def disconnect():
    del blueprint.token
    return "done"


@app.route("/hold", methods=["POST"])
def hold():
    """Holds the person's row, in which reading the token counts expires_in down, and commits once the
    address that is given was asked."""
    row = OAuth.query.filter_by(user=current_user()).one()
    assert blueprint.token is row.token
    with urlopen(Request(request.args["until"], headers={"Cookie": "who=" + request.cookies["who"]})):
        db.session.commit()
    return "done"


@app.route("/rows", methods=["POST"])
def store():
    """Stores a token for each [provider, user, token] of the request, as Flask-Dance does."""
    for provider, user, value in json.loads(request.data):
        blueprint.name = provider
        blueprint.storage.set(blueprint, value, user=db.session.merge(User(id=user)))
    blueprint.name = "op"
    return "done"


@app.route("/rows")
def rows():
    """Gives every row back: provider, user, token."""
    return jsonify([[r.provider, r.user_id, r.token] for r in OAuth.query.order_by(OAuth.id)])


server = make_server("127.0.0.1", 0, app, processes=8)
print(server.server_port, flush=True)
server.serve_forever()
