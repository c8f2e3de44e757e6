"""The window of a game, and the keys that are pressed in it."""

from memorl.envs.drawing.window import Window

from .controls import Controls, Keys, format_keys
from .scene import Scene, format_infos
from .settings import Settings

_ARROWS = {"w": "up", "a": "left", "s": "down", "d": "right"}


class Game:
    """The window of a game, and the keys that are pressed in it."""

    def __init__(self, scene: Scene, controls: Controls, settings: Settings) -> None:
        self.scene = scene
        self.controls = controls
        self.seed = settings.seed
        self.zoom = settings.zoom
        self.window = Window(f"{settings.env} {self.seed}", 30 if controls.waits else scene.fps)
        self.held: set[str] = set()
        self.tapped: set[str] = set()
        self.open = True
        self.begin()

    def begin(self) -> None:
        """Begin the episode of the seed."""
        self.scene.reset(self.seed)
        self.over = False
        self.pressed = list[Keys]()
        self.window.title(f"seed {self.seed}")

    def run(self) -> None:
        """Play until the window is left."""
        while self.open:
            self.handle_events()
            keys = frozenset(self.tapped if self.controls.waits else self.held | self.tapped)
            action = None if self.over or not self.open else self.controls.action(keys)
            self.tapped = set()
            if action is not None:
                self.pressed.append(keys)
                infos = self.scene.step(action)
                if infos is not None:
                    self.over = True
                    print(format_infos(self.seed, infos), f"keys='{format_keys(self.pressed)}'", sep="\n", flush=True)
            self.window.show(self.scene.picture(self.zoom))
        self.window.close()

    def handle_events(self) -> None:
        """Handle the keys that were pressed."""
        pygame = self.window.pygame
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                self.open = False
            elif event.type == pygame.KEYUP:
                self.held.discard(self.name(event.key))
            elif event.type == pygame.KEYDOWN:
                self.on_key(self.name(event.key))

    def name(self, key: int) -> str:
        """Return the name of a key; letters that stand for arrows are arrows."""
        name = str(self.window.pygame.key.name(key))
        return _ARROWS.get(name, name)

    def on_key(self, name: str) -> None:
        """Do what a key does, or keep it for the game."""
        if name == "escape":
            self.open = False
        elif name == "tab":
            views = self.scene.views
            self.scene.view = views[(views.index(self.scene.view) + 1) % len(views)]
        elif name in ("page up", "page down", "return"):
            self.seed = max(0, self.seed + {"page up": 1, "page down": -1, "return": 0}[name])
            self.begin()
        elif name in self.controls.names:
            self.held.add(name)
            self.tapped.add(name)
