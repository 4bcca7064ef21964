# What type checkers see of the modules that `__getattr__` loads.
from annotator.servers import agent_server as agent_server
from annotator.servers import language_server as language_server
