from typing import final

@final
class Result: ...
