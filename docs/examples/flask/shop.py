import os

from flask import Flask

app = Flask(__name__)


@app.get("/")
def greet():
    return f"{os.environ['GREETING']} from a droplet\n"


@app.get("/up")
def up():
    return "up\n"
