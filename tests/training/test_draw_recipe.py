"""The recipe of the starter that draws: its stages learn, resume exactly, and export what loads."""

import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import Flux2KleinPipeline
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import group_norm, silu

from training.draw.album import Album, pair_album
from training.draw.autoencoder import (
    PIXELS,
    TOKEN_CHANNELS,
    TOKENS,
    create_autoencoder,
    decode_latents,
    encode_moments,
)
from training.draw.critic import Critic, strangeness
from training.draw.describing import described
from training.draw.export import CALL, export, pipeline
from training.draw.latents import (
    LABELS,
    LatentFile,
    channel_weights,
    encode,
    survey,
    token_labels,
)
from training.draw.norm import norm_silu
from training.draw.perception import difference, load_eye
from training.draw.prompts import DRAW, Thing, Wish, instruction, sample_prompt
from training.draw.redraw import Redrawer
from training.draw.settling import asked_scene
from training.draw.stages import Work
from training.draw.start import carry_color
from training.draw.text import FEATURES, create_text_encoder, features
from training.draw.tokenizer import MAX_LENGTH, REGISTERS, build_tokenizer
from training.draw.train_autoencoder import AutoencoderTrainer, Plan, to_input
from training.draw.train_critic import CriticPlan, CriticTrainer
from training.draw.train_decoder import DecoderPlan, DecoderTrainer, Gallery
from training.draw.train_text import TextPlan, TextTrainer, encode_texts
from training.draw.train_transformer import DrawPlan, DrawTrainer, Material
from training.draw.transformer import Denoiser, create_transformer, pack, unpack
from training.draw.wording import INSTRUCTIONS, WIDE
from training.muon import orthogonal
from training.pictures import steady_change, training_change
from training.precision import autocast
from training.world.edits import Change, all_instructions
from training.world.phrases import HELD_OUT, TRAIN, PhraseBank
from training.world.render import draw
from training.world.scene import Group, Scene

PAIRS = [training_change(pair) for pair in range(8)]
STEADY_PAIRS = [steady_change(pair) for pair in range(8)]
ASKED = [asked_scene(row) for row in range(16)]
CAT = Group("cat", 3, "白", "front", "across")
MOON = Group("moon", 1, None, "sky", "left")
SCENE = Scene(7, "meadow", "spring", "night", "sunny", "ink", (CAT, MOON))


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return build_tokenizer(pairs=8, characters="山水")


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    return np.stack([np.asarray(draw(scene, PIXELS)) for scene, _ in PAIRS[:4]])


@pytest.fixture
def material(tokenizer: Any) -> Material:
    torch.manual_seed(0)
    latents = np.random.default_rng(0).normal(size=(3, 16, TOKENS, TOKEN_CHANNELS))
    asked, steady, varied = latents.astype(np.float16)
    return Material(
        Album(asked, ASKED),
        pair_album(steady, STEADY_PAIRS),
        pair_album(varied, PAIRS),
        torch.ones(TOKEN_CHANNELS),
        tokenizer,
        create_text_encoder(len(tokenizer)),
    )


def test_fused_norm_equals_torch_forwards_and_backwards() -> None:
    torch.manual_seed(0)
    norm = torch.nn.GroupNorm(2, 8)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    x = torch.randn(2, 8, 5, 5, requires_grad=True)
    weighed = torch.randn(2, 8, 5, 5)
    ours = norm_silu(norm, x)
    theirs = silu(group_norm(x, 2, norm.weight, norm.bias, norm.eps))
    torch.testing.assert_close(ours, theirs)
    wanted = (x, norm.weight, norm.bias)
    torch.testing.assert_close(
        torch.autograd.grad((ours * weighed).sum(), wanted),
        torch.autograd.grad((theirs * weighed).sum(), wanted),
        rtol=1e-4,
        atol=1e-5,
    )


def test_training_passes_equal_those_of_diffusers() -> None:
    torch.manual_seed(0)
    autoencoder, x = create_autoencoder(), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        moments = autoencoder.encode(x).latent_dist.parameters
        torch.testing.assert_close(encode_moments(autoencoder, x), moments, rtol=1e-3, atol=1e-4)
        latents = moments.chunk(2, 1)[0]
        drawn = autoencoder.decode(latents).sample
        torch.testing.assert_close(
            decode_latents(autoencoder, latents), drawn, rtol=1e-3, atol=1e-3
        )


def test_denoiser_calls_the_transformer_as_the_pipeline_does() -> None:
    torch.manual_seed(0)
    transformer = _unzeroed(create_transformer())
    noisy, reference = torch.randn(2, 1, TOKENS, TOKEN_CHANNELS)
    text, sigma = torch.randn(1, MAX_LENGTH, FEATURES), torch.tensor([0.3])
    latents = torch.empty(1, TOKEN_CHANNELS, 8, 8)
    own = Flux2KleinPipeline._prepare_latent_ids(latents)
    other = Flux2KleinPipeline._prepare_image_ids([latents])
    with torch.no_grad():
        velocity, _ = Denoiser(transformer)(noisy, sigma, text, reference)
        expected = transformer(
            hidden_states=torch.cat([noisy, reference], 1),
            timestep=sigma,
            encoder_hidden_states=text,
            txt_ids=Flux2KleinPipeline._prepare_text_ids(text),
            img_ids=torch.cat([own, other], 1),
            return_dict=False,
        )[0][:, :TOKENS]
    torch.testing.assert_close(velocity, expected, rtol=1e-3, atol=1e-4)


def test_orthogonal_evens_out_singular_values() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(6, 20)).float())
    assert values.min() > 0.5
    assert values.max() < 1.4


@pytest.mark.parametrize("bank", [TRAIN, WIDE])
def test_prompt_states_what_its_words_say(bank: PhraseBank) -> None:
    for seed in range(40):
        wish = sample_prompt(SCENE, Random(seed), bank)
        assert wish.sort == DRAW
        for thing in wish.things:
            assert thing.kind in ("cat", "moon")
            assert thing.color in (None, "白")
        assert ("三" in wish.text) == any(t.count == 3 for t in wish.things)


def test_wider_wording_keeps_off_the_held_out_bank() -> None:
    assert not all_instructions(HELD_OUT) & {f for frames in INSTRUCTIONS.values() for f in frames}
    for name, held_out in vars(HELD_OUT).items():
        wide = getattr(WIDE, name)
        if isinstance(held_out, dict):
            assert all(not set(wide[key]) & set(held_out[key]) for key in held_out)
        elif isinstance(held_out, tuple):
            assert not set(wide) & set(held_out)


def test_instruction_names_the_old_thing_before_the_new() -> None:
    dog = Group("dog", 2, "黑", "front", "left")
    after = Scene(7, "meadow", "spring", "night", "sunny", "ink", (dog, MOON))
    wish = instruction(Change("replace", after, CAT, dog), Random(0), TRAIN)
    assert wish.things == (Thing("cat"), Thing("dog", 2, "黑"))


def test_tokens_are_the_pipelines_and_keep_registers_of_endless_prompts(tokenizer: Any) -> None:
    for text in ("三只白猫", "三只白猫和月亮" * 40):
        ours, mask = encode_texts(tokenizer, [text])
        encoder = create_text_encoder(len(tokenizer)).eval()
        theirs = Flux2KleinPipeline._get_qwen3_prompt_embeds(
            encoder, tokenizer, text, max_sequence_length=MAX_LENGTH,
            hidden_states_layers=CALL["text_encoder_out_layers"],
        )  # fmt: skip
        torch.testing.assert_close(features(encoder, ours, mask), theirs)
        last = ours[0][mask[0].bool()][-len(REGISTERS) :].tolist()
        assert last == tokenizer.convert_tokens_to_ids(list(REGISTERS))


def test_token_labels_lie_where_things_stand() -> None:
    shown = token_labels(SCENE).reshape(8, 8, -1)
    cats, moons = shown[..., LABELS.index("cat")], shown[..., LABELS.index("moon")]
    assert not cats[:4].any()
    assert cats[6:].any()
    assert moons[:3, :4].any()
    assert not moons[:, 5:].any()
    assert (shown[..., LABELS.index("白")] == cats).all()


def test_latents_are_normalised_and_encoding_goes_on(
    tmp_path: Path, pictures: NDArray[np.uint8]
) -> None:
    torch.manual_seed(0)
    autoencoder = create_autoencoder()
    survey(autoencoder, pictures)
    latents = encode(autoencoder, to_input(pictures))
    assert latents.shape == (4, TOKENS, TOKEN_CHANNELS)
    assert latents.mean((0, 1)).abs().max() < 0.05
    LatentFile(tmp_path / "l", 2).encode_missing(autoencoder, pictures)
    whole = LatentFile(tmp_path / "l", 4)
    whole.encode_missing(autoencoder, pictures)
    np.testing.assert_allclose(whole.read(), latents.numpy(), atol=0.1)


def test_unpacking_undoes_packing() -> None:
    tokens = torch.randn(2, TOKENS, TOKEN_CHANNELS)
    torch.testing.assert_close(pack(unpack(tokens)), tokens)


def test_channels_that_carry_colour_weigh_more(pictures: NDArray[np.uint8]) -> None:
    torch.manual_seed(0)
    autoencoder = create_autoencoder()
    carry_color(autoencoder)  # in the first three of 16 channels, four cells a token
    survey(autoencoder, pictures)
    weights = channel_weights(autoencoder, encode(autoencoder, to_input(pictures[:1])))
    assert weights.mean() == pytest.approx(1.0)
    assert set(weights.topk(12).indices.tolist()) == set(range(12))


def test_autoencoder_resumes_as_if_it_had_never_stopped(
    tmp_path: Path, pictures: NDArray[np.uint8]
) -> None:
    small = pictures[:, ::4, ::4]
    AutoencoderTrainer(tmp_path / "a", Plan(steps=2, crops=1)).run(small)
    halved = AutoencoderTrainer(tmp_path / "b", Plan(steps=2, crops=1))
    halved.update(halved.batch(small))
    halved.step += 1
    halved.save()
    AutoencoderTrainer(tmp_path / "b", Plan(steps=2, crops=1)).run(small)
    _assert_same_state(tmp_path / "a" / "autoencoder.pt", tmp_path / "b" / "autoencoder.pt")


def test_decoder_learns_on_noisy_latents_and_leaves_the_encoder_as_it_is(
    tmp_path: Path, pictures: NDArray[np.uint8]
) -> None:
    trainer = _decoder_trainer(tmp_path, pictures)
    latents, wanted = trainer.batch()
    first = trainer.update(latents, wanted)
    later = [trainer.update(latents, wanted) for _ in range(6)]
    assert min(loss["averages"] for loss in later) < first["averages"]
    trainer.step = 7
    trainer.save()
    again = _decoder_trainer(tmp_path, pictures)
    assert again.step == 7
    torch.testing.assert_close(again.average.state_dict(), trainer.average.state_dict())
    torch.manual_seed(0)
    fresh = create_autoencoder()
    assert not torch.equal(again.average.decoder.conv_in.weight, fresh.decoder.conv_in.weight)
    torch.testing.assert_close(again.average.encoder.state_dict(), fresh.encoder.state_dict())


def test_a_thing_that_is_missing_is_seen_more_than_noise_of_the_same_energy() -> None:
    eye = load_eye()
    shown, without = (
        to_input(np.asarray(draw(scene, PIXELS))[None])
        for scene in (SCENE, replace(SCENE, groups=(MOON,)))
    )
    torch.manual_seed(0)
    noise = torch.randn_like(shown) * (without - shown).std()
    assert difference(eye, shown, shown) == 0
    assert difference(eye, without, shown) > 1.5 * difference(eye, shown + noise, shown)


def test_what_the_eye_sees_pulls_the_drawn_picture_alone() -> None:
    drawn, wanted = (torch.rand(1, 3, PIXELS, PIXELS, requires_grad=True) for _ in range(2))
    difference(load_eye(), drawn, wanted).backward()  # type: ignore[no-untyped-call]
    assert drawn.grad is not None
    assert drawn.grad.abs().sum() > 0
    assert wanted.grad is None


def test_texture_energy_is_blind_to_where_strokes_lie(
    tmp_path: Path, pictures: NDArray[np.uint8]
) -> None:
    trainer = _decoder_trainer(tmp_path, pictures)
    torch.manual_seed(0)
    strokes, others = torch.randn(2, 1, 3, 64, 64)
    smooth = torch.zeros(1, 3, 64, 64)
    assert trainer.other_texture(strokes, others) < 0.3 * trainer.other_texture(smooth, others)


def test_a_description_stands_before_the_name_and_states_nothing() -> None:
    wish = Wish("三只白猫，月亮", DRAW, {}, (Thing("cat", 3, "白"), Thing("moon")))
    told = [described(wish, Random(seed)) for seed in range(50)]
    assert all(replace(one, text=wish.text) == wish for one in told)
    assert all(re.fullmatch("三只白(.+)?猫，(.+)?月亮", one.text) for one in told)
    assert len({one.text for one in told}) > 25


def test_text_encoder_learns_and_resumes(tmp_path: Path, tokenizer: Any) -> None:
    plan = TextPlan(steps=12, batch_size=8, warmup=1)
    trainer = TextTrainer(tmp_path, plan, tokenizer)
    wishes = trainer.wishes(PAIRS)
    first = trainer.update(wishes)
    assert min(trainer.update(wishes) for _ in range(8)) < 0.7 * first
    trainer.save()
    again = TextTrainer(tmp_path, plan, tokenizer)
    torch.testing.assert_close(trainer.encoder.state_dict(), again.encoder.state_dict())


def test_transformer_resumes_as_if_it_had_never_stopped(tmp_path: Path, material: Material) -> None:
    plan = DrawPlan(prompts=2, instructions=2, edits=0.5)
    straight = DrawTrainer(tmp_path, plan, material)
    for _ in range(2):
        _one_update(straight)
    halved = DrawTrainer(tmp_path, plan, material)
    _one_update(halved)
    halved.save()
    resumed = DrawTrainer(tmp_path, plan, material)
    _one_update(resumed)
    assert resumed.step == straight.step
    torch.testing.assert_close(resumed.average.state_dict(), straight.average.state_dict())


def test_drawings_are_asked_for_and_edits_are_steady_and_varied(
    tmp_path: Path, material: Material
) -> None:
    asked = replace(material.asked, latents=np.full_like(material.asked.latents, 0))
    steady = replace(material.steady, latents=np.full_like(material.steady.latents, 1))
    varied = replace(material.varied, latents=np.full_like(material.varied.latents, 2))
    plan = DrawPlan(prompts=4, instructions=16, edits=0.5)
    marked = replace(material, asked=asked, steady=steady, varied=varied)
    trainer = DrawTrainer(tmp_path, plan, marked)
    drawn: set[float] = set()
    edited: set[float] = set()
    for trainer.step in range(8):
        batch = trainer.batch()
        (drawn if batch.reference is None else edited).update(batch.clean[:, 0, 0].tolist())
    assert drawn == {0.0}
    assert edited == {1.0, 2.0}


def test_critic_learns_and_resumes(tmp_path: Path, material: Material) -> None:
    plan = CriticPlan(steps=20, batch=4, warmup=1)
    trainer = CriticTrainer(tmp_path, plan, material.steady)
    clean, labels = trainer.batch()
    first = trainer.update(clean, labels)
    assert min(trainer.update(clean, labels) for _ in range(8)) < 0.7 * first
    trainer.save()
    again = CriticTrainer(tmp_path, plan, material.steady)
    torch.testing.assert_close(trainer.critic.state_dict(), again.critic.state_dict())


def test_critic_finds_a_picture_stranger_the_further_it_is_from_the_true_one() -> None:
    torch.manual_seed(0)
    critic = Critic().requires_grad_(False)
    clean, noise = torch.randn(2, 3, TOKENS, TOKEN_CHANNELS)
    with autocast():
        found = [strangeness(critic, torch.lerp(clean, noise, s), clean) for s in (0.0, 0.3, 1.0)]
    assert found[0].shape == (3, TOKENS)
    assert found[0].abs().max() < 1e-3
    assert found[0].mean() < found[1].mean() < found[2].mean()


def test_critic_speaks_in_the_last_part(tmp_path: Path, material: Material) -> None:
    material = replace(material, critic=Critic().requires_grad_(False))
    trainer = DrawTrainer(tmp_path, DrawPlan(prompts=2, instructions=2), material)
    batch = trainer.batch()
    assert trainer.update(batch, 1.0)["strange"] == 0
    _unzeroed(trainer.transformer)
    assert trainer.update(batch, 1.0, is_criticised=True)["strange"] > 0


def test_redrawn_latents_stay_near_those_they_come_from(material: Material) -> None:
    torch.manual_seed(0)
    transformer = _unzeroed(create_transformer())
    redrawer = Redrawer(Denoiser(transformer), material.tokenizer, material.text_encoder)
    once, again = (redrawer.redraw(material.asked, [0, 3]) for _ in range(2))
    torch.testing.assert_close(once, again)
    clean = material.asked.tokens([0, 3])
    assert (once - clean).square().mean() < 0.6 * (once - clean.flip(0)).square().mean()


def test_exported_folder_draws_and_edits(
    tmp_path: Path, tokenizer: Any, pictures: NDArray[np.uint8]
) -> None:
    torch.manual_seed(0)
    encoder = create_text_encoder(len(tokenizer))
    export(pipeline(create_autoencoder(), encoder, tokenizer, create_transformer()), tmp_path)
    loaded = Flux2KleinPipeline.from_pretrained(tmp_path, dtype=torch.float32)  # type: ignore[no-untyped-call]
    loaded.set_progress_bar_config(disable=True)
    call = {"num_inference_steps": 2, "guidance_scale": 2.0, "height": PIXELS, "width": PIXELS}
    drawn = loaded(prompt="三只白猫", **call, **CALL).images[0]
    edited = loaded(prompt="加上月亮", image=Image.fromarray(pictures[0]), **call, **CALL).images[0]
    assert drawn.size == edited.size == (PIXELS, PIXELS)
    assert np.asarray(drawn).std() > 0


def test_a_finished_pipeline_is_gone_on_from(
    tmp_path: Path, tokenizer: Any, pictures: NDArray[np.uint8]
) -> None:
    finished, encoder = create_autoencoder(), create_text_encoder(len(tokenizer))
    export(pipeline(finished, encoder, tokenizer, create_transformer()), tmp_path / "made")
    work = Work(tmp_path, pictures, pictures, pictures, start=tmp_path / "made")
    average = work.autoencoder(Plan(steps=0))
    torch.testing.assert_close(average.state_dict(), finished.float().state_dict())
    work.text(TextPlan(steps=1))  # stays as it is
    torch.testing.assert_close(work.text_encoder().state_dict(), encoder.float().state_dict())
    assert work.tokenizer().get_vocab() == tokenizer.get_vocab()


def _decoder_trainer(folder: Path, pictures: NDArray[np.uint8]) -> DecoderTrainer:
    torch.manual_seed(0)
    autoencoder = create_autoencoder()
    survey(autoencoder, pictures)
    latents = encode(autoencoder, to_input(pictures)).half().numpy()
    gallery = Gallery(pictures, pair_album(latents, PAIRS))
    plan = DecoderPlan(batch=2, warmup=1, oil=0)
    weights, eye = torch.ones(TOKEN_CHANNELS), load_eye()
    return DecoderTrainer(folder, plan, autoencoder, weights, gallery, gallery, eye)


def _one_update(trainer: DrawTrainer) -> None:
    trainer.update(trainer.batch(), 1.0)
    trainer.step += 1


def _unzeroed(model: Any) -> Any:
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)
    return model


def _assert_same_state(a: Path, b: Path) -> None:
    left, right = torch.load(a, weights_only=True), torch.load(b, weights_only=True)
    torch.testing.assert_close(left["average"], right["average"])
    assert left["step"] == right["step"]
