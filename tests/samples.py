"""A command for every loss on the shipped sample data, and the number that another tool gives.

`tests/parity/test_samples.py` holds how each tool came to its number, and computes it again.
"""

from __future__ import annotations

from dataclasses import dataclass

PLAIN = "plain Python"
"""The tool where no other has the loss: its formula, written out with fractions and `math`."""


@dataclass(frozen=True)
class Sample:
    """One command, `lossctl compute ARGUMENTS`, and the number that it has to print.

    Args:
        arguments: what the README shows after `lossctl compute`.
        tool: the function that gave the number, of a package that shares no code with this one.
        number: what it gave for the same files.
        tolerance: relative difference up to which the two agree.
    """

    arguments: str
    tool: str
    number: float
    tolerance: float = 1e-9

    @property
    def loss(self) -> str:
        """The name of the loss."""
        return self.arguments.partition(" ")[0]

    @property
    def command(self) -> str:
        """The command as the README has it."""
        return f"lossctl compute {self.arguments} --format value"


SAMPLES = [
    # regression
    Sample(
        "mse sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        "sklearn.metrics.mean_squared_error",
        2979.5841791729677,
    ),
    Sample(
        "rmse sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        "sklearn.metrics.root_mean_squared_error",
        54.585567498863355,
    ),
    Sample(
        "mae sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        "sklearn.metrics.mean_absolute_error",
        44.286190214932134,
    ),
    Sample(
        "huber sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv --delta 20",
        "torch.nn.functional.huber_loss",
        704.2331239603243,
    ),
    Sample(
        "smooth_l1 sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv --beta 20",
        "torch.nn.functional.smooth_l1_loss",
        35.21165619801622,
    ),
    Sample(
        "log_cosh sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        "optax.log_cosh",
        43.59831184058877,
    ),
    Sample(
        "quantile sample_data/diabetes_quantile.csv --tau 0.9",
        "sklearn.metrics.mean_pinball_loss",
        9.58734920384615,
    ),
    Sample(
        "poisson sample_data/visits_predictions.csv sample_data/visits_targets.csv",
        "torch.nn.functional.poisson_nll_loss",
        -0.48790763733862447,
    ),
    Sample(
        "msle sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        "sklearn.metrics.mean_squared_log_error",
        0.17734205203800849,
    ),
    Sample(
        "mape sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        "sklearn.metrics.mean_absolute_percentage_error",
        0.3954294674815595,
    ),
    Sample(
        "pseudo_huber sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv "
        "--delta 20",
        "scipy.special.pseudo_huber",
        616.4180996428923,
    ),
    Sample(
        "charbonnier sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        PLAIN,
        44.286190308937286,
    ),
    Sample(
        "tukey_biweight sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv "
        "--c 250",
        "statsmodels.robust.norms.TukeyBiweight",
        1312.693776662431,
    ),
    Sample(
        "expectile sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv --tau 0.9",
        "statsmodels.robust.norms.MQuantileNorm",
        1519.4273428454014,
    ),
    Sample(
        "epsilon_insensitive sample_data/diabetes_predictions.csv "
        "sample_data/diabetes_targets.csv --epsilon 20",
        PLAIN,
        27.04257332352941,
    ),
    Sample(
        "tweedie_deviance sample_data/visits_predictions.csv sample_data/visits_targets.csv",
        "sklearn.metrics.mean_tweedie_deviance",
        3.2209574567731614,
    ),
    Sample(
        "gamma_deviance sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        "sklearn.metrics.mean_gamma_deviance",
        0.16370812535881338,
    ),
    Sample(
        "negative_binomial sample_data/visits_predictions.csv sample_data/visits_targets.csv "
        "--dispersion 0.7",
        "scipy.stats.nbinom.logpmf",
        2.206936813575437,
    ),
    # classification
    Sample(
        "binary_cross_entropy sample_data/breast_cancer_scores.csv --columns prediction=p,target=y",
        "sklearn.metrics.log_loss",
        0.09497090782154172,
    ),
    Sample(
        "categorical_cross_entropy sample_data/digits_probabilities.csv "
        "sample_data/digits_one_hot.csv --on id",
        "torch.nn.functional.nll_loss",
        0.3017278170496714,
    ),
    Sample(
        "sparse_categorical_cross_entropy sample_data/iris_probabilities.csv "
        "sample_data/iris_labels.csv",
        "sklearn.metrics.log_loss",
        0.1418881770074753,
    ),
    Sample(
        "kl_divergence sample_data/digits_probabilities.csv sample_data/digits_one_hot.csv --on id",
        "scipy.special.rel_entr",
        0.30172781704967144,
    ),
    Sample(
        "hinge sample_data/breast_cancer_scores.csv --columns prediction=score,target=sign",
        "sklearn.metrics.hinge_loss",
        0.07462104393673111,
    ),
    Sample(
        "squared_hinge sample_data/breast_cancer_scores.csv --columns prediction=score,target=sign",
        "keras.losses.SquaredHinge",
        0.14811829461586992,
    ),
    Sample(
        "binary_focal sample_data/breast_cancer_scores.csv --columns prediction=p,target=y",
        "optax.sigmoid_focal_loss",
        0.02685555516407412,
    ),
    Sample(
        "categorical_focal sample_data/digits_probabilities.csv sample_data/digits_one_hot.csv "
        "--on id",
        "torch.nn.functional.nll_loss",
        0.1793148068525166,
    ),
    Sample(
        "generalised_cross_entropy sample_data/iris_probabilities.csv sample_data/iris_labels.csv",
        "scipy.special.boxcox",
        0.1245337309378642,
    ),
    Sample(
        "symmetric_cross_entropy sample_data/iris_probabilities.csv sample_data/iris_labels.csv",
        PLAIN,
        0.4877260560368544,
    ),
    Sample(
        "logit_adjusted_cross_entropy sample_data/coins_probabilities.npy "
        "sample_data/coins_classes.npy --prior 3680,456,2264",
        "torch.nn.functional.cross_entropy",
        0.330647485853725,
    ),
    Sample(
        "asymmetric_loss sample_data/digits_probabilities.csv sample_data/digits_one_hot.csv "
        "--on id",
        PLAIN,
        0.22331168964435644,
    ),
    Sample(
        "multiclass_hinge sample_data/digits_logits.csv sample_data/digits_labels.csv --on id",
        "sklearn.metrics.hinge_loss",
        0.25446242444444445,
    ),
    Sample(
        "weston_watkins_hinge sample_data/digits_logits.csv sample_data/digits_labels.csv --on id "
        "--power 2",
        "torch.nn.functional.multi_margin_loss",
        1.3869933598684558,
    ),
    # ordinal
    Sample(
        "cumulative_link sample_data/diabetes_cumulative.csv sample_data/diabetes_fifths.csv "
        "--on id --columns target=level --order lowest,low,middle,high,highest",
        "torch.nn.functional.nll_loss",
        1.2178735636767943,
    ),
    Sample(
        "coral sample_data/diabetes_coral.csv sample_data/diabetes_fifths.csv --on id "
        "--columns target=fifth --first-label 1",
        "torch.nn.functional.binary_cross_entropy_with_logits",
        1.4249524891791578,
    ),
    Sample(
        "corn sample_data/diabetes_corn.csv sample_data/diabetes_fifths.csv --on id "
        "--columns target=fifth --first-label 1",
        "torch.nn.functional.binary_cross_entropy_with_logits",
        0.5094822161334819,
    ),
    # metric
    Sample(
        "contrastive sample_data/digits_first.csv sample_data/digits_second.csv "
        "sample_data/digits_pairs.csv",
        PLAIN,
        0.0490965486274939,
    ),
    Sample(
        "contrastive_distance sample_data/digits_pairs.csv --margin 1.2",
        PLAIN,
        0.07095506260247998,
    ),
    Sample(
        "hinge_embedding sample_data/digits_pairs.csv",
        "torch.nn.functional.hinge_embedding_loss",
        0.24189241499999997,
    ),
    Sample(
        "triplet sample_data/digits_anchors.csv sample_data/digits_positives.csv "
        "sample_data/digits_negatives.csv",
        "torch.nn.functional.triplet_margin_with_distance_loss",
        0.3656201241135533,
    ),
    Sample(
        "cosine_proximity sample_data/digits_first.csv sample_data/digits_second.csv",
        "torch.nn.functional.cosine_similarity",
        -0.5287567855356773,
    ),
    Sample(
        "cosine_distance sample_data/digits_first.csv sample_data/digits_second.csv",
        "sklearn.metrics.pairwise.paired_cosine_distances",
        0.4712432144643226,
    ),
    Sample(
        "cosine_embedding sample_data/digits_first.csv sample_data/digits_second.csv "
        "sample_data/digits_pairs.csv",
        "torch.nn.functional.cosine_embedding_loss",
        0.21111356860065567,
    ),
    Sample(
        "arcface sample_data/digits_cosines.csv sample_data/digits_labels.csv --on id",
        "torch.nn.functional.cross_entropy",
        7.954966324139989,
    ),
    Sample(
        "info_nce sample_data/digits_anchors.csv sample_data/digits_positives.csv",
        "torch.nn.functional.cross_entropy",
        3.805045262901246,
    ),
    Sample(
        "nt_xent sample_data/digits_anchors.csv sample_data/digits_positives.csv",
        "optax.losses.ntxent",
        4.8310621280376855,
    ),
    Sample(
        "supcon sample_data/digits_first.csv sample_data/digits_pairs.csv "
        "--columns target=first_digit",
        PLAIN,
        3.970132023158845,
    ),
    # ranking
    Sample(
        "margin_ranking sample_data/digits_ranking.csv --margin 0.1",
        "torch.nn.functional.margin_ranking_loss",
        0.35684233,
    ),
    Sample(
        "pairwise_logistic sample_data/digits_ranking.csv",
        "torch.nn.functional.soft_margin_loss",
        0.5047887325128508,
    ),
    Sample(
        "listnet sample_data/digits_lists.csv --unit list",
        "scipy.special.log_softmax",
        2.4390109689900465,
    ),
    Sample(
        "lambdarank sample_data/digits_lists.csv --unit list",
        "sklearn.metrics.ndcg_score",
        1.1179870880480867,
    ),
    # segmentation
    Sample(
        "dice sample_data/coins_prediction.csv sample_data/coins_target.csv --unit crop",
        "scipy.spatial.distance.dice",
        0.36842060435090573,
    ),
    Sample(
        "jaccard sample_data/coins_prediction sample_data/coins_target",
        "optax.losses.dice_loss",
        0.3034779876100031,
    ),
    Sample(
        "tversky sample_data/coins_prediction.csv sample_data/coins_target.csv --unit crop "
        "--fn-weight 0.7 --fp-weight 0.3",
        "optax.losses.dice_loss",
        0.38811963908504876,
    ),
    Sample(
        "focal_tversky sample_data/coins_prediction sample_data/coins_target",
        "optax.losses.dice_loss",
        0.29913982243318904,
    ),
    Sample(
        "generalised_dice sample_data/coins_probabilities.npy sample_data/coins_classes.npy",
        PLAIN,
        0.4786534507320904,
    ),
    Sample(
        "dice_cross_entropy sample_data/coins_probabilities.npy sample_data/coins_classes.npy "
        "--average macro",
        "optax.losses.dice_loss",
        0.5538036052842137,
    ),
    Sample(
        "pixelwise_cross_entropy sample_data/coins_probabilities.npy sample_data/coins_classes.npy",
        "torch.nn.functional.nll_loss",
        0.25488091529060286,
    ),
    Sample(
        "dice_focal sample_data/coins_probabilities.npy sample_data/coins_classes.npy "
        "--average macro",
        "optax.losses.dice_loss",
        0.37030824872683105,
    ),
    Sample(
        "lovasz_softmax sample_data/coins_probabilities.npy sample_data/coins_classes.npy "
        "--unit image",
        PLAIN,
        0.3036866404576318,
    ),
    Sample(
        "lovasz_hinge sample_data/breast_cancer_scores.csv --columns prediction=score,target=sign",
        PLAIN,
        0.1947377002495422,
    ),
    Sample(
        "boundary sample_data/coins_prediction sample_data/coins_target",
        "scipy.ndimage.distance_transform_edt",
        -2.927835247544878,
    ),
    Sample(
        "hausdorff_distance sample_data/coins_prediction sample_data/coins_target",
        "scipy.ndimage.distance_transform_edt",
        11.698470412821994,
    ),
    Sample(
        "cldice sample_data/coins_prediction sample_data/coins_target",
        "torch.nn.functional.max_pool2d",
        0.31765916577303854,
    ),
    # image
    Sample(
        "total_variation sample_data/camera_restored.csv",
        PLAIN,
        8.294316390227,
    ),
    Sample(
        "psnr sample_data/camera_restored.png sample_data/camera_original.png",
        "skimage.metrics.peak_signal_noise_ratio",
        -30.238192300365014,
    ),
    Sample(
        "ssim sample_data/camera_restored.npy sample_data/camera_original.npy",
        "skimage.metrics.structural_similarity",
        0.12763522946161354,
    ),
    Sample(
        "ms_ssim sample_data/camera_restored.npy sample_data/camera_original.npy --window 3",
        "scipy.ndimage.correlate",
        0.04928305511312806,
    ),
    Sample(
        "perceptual sample_data/digits_features_restored.npz "
        "sample_data/digits_features_original.npz",
        "torch.nn.functional.mse_loss",
        19.414123402477323,
    ),
    Sample(
        "perceptual sample_data/digits_images_restored.npy sample_data/digits_images_original.npy "
        "--network sample_data/digits_network.onnx --layers relu1,relu2",
        "onnx.reference.ReferenceEvaluator",
        19.41412168157408,
        tolerance=1e-6,  # the network computes in float32
    ),
    # detection
    Sample(
        "iou_box sample_data/coins_boxes_prediction.csv sample_data/coins_boxes_target.csv",
        PLAIN,
        0.07391235904607214,
    ),
    Sample(
        "giou_box sample_data/coins_boxes_prediction.csv sample_data/coins_boxes_target.csv",
        PLAIN,
        0.0741067860932856,
    ),
    Sample(
        "diou_box sample_data/coins_boxes_prediction.csv sample_data/coins_boxes_target.csv",
        PLAIN,
        0.07410822384721709,
    ),
    Sample(
        "ciou_box sample_data/coins_boxes_prediction.csv sample_data/coins_boxes_target.csv",
        PLAIN,
        0.07410888937749897,
    ),
    # adversarial
    Sample(
        "gan_discriminator sample_data/gan_real.csv sample_data/gan_fake.csv --columns "
        "real=logit,fake=logit --from-logits",
        "torch.nn.functional.binary_cross_entropy_with_logits",
        0.5433418728022605,
    ),
    Sample(
        "gan_minimax sample_data/gan_real.csv sample_data/gan_fake.csv --columns "
        "real=probability,fake=probability",
        "torch.nn.functional.binary_cross_entropy",
        -0.5433417938730618,
    ),
    Sample(
        "gan_generator sample_data/gan_fake.csv --columns fake=probability",
        "torch.nn.functional.binary_cross_entropy",
        1.9272045260821868,
    ),
    Sample(
        "gan_generator_minimax sample_data/gan_fake.csv --columns fake=probability",
        "torch.nn.functional.binary_cross_entropy",
        -0.206036252079196,
    ),
    Sample(
        "lsgan_discriminator sample_data/critic_real.csv sample_data/critic_fake.csv",
        "torch.nn.functional.mse_loss",
        0.22392743616677915,
    ),
    Sample(
        "lsgan_generator sample_data/critic_fake.csv",
        "torch.nn.functional.mse_loss",
        0.7432222186363266,
    ),
    Sample(
        "wasserstein_critic sample_data/critic_real.csv sample_data/critic_fake.csv",
        PLAIN,
        -0.645439575,
    ),
    Sample(
        "wasserstein_generator sample_data/critic_fake.csv",
        PLAIN,
        0.20985132,
    ),
    Sample(
        "wasserstein_distance sample_data/critic_real.csv sample_data/critic_fake.csv",
        PLAIN,
        0.645439575,
    ),
    Sample(
        "wgan_gp sample_data/critic_real.csv sample_data/critic_fake.csv "
        "sample_data/critic_gradients.csv",
        PLAIN,
        -0.6070257959996,
    ),
    Sample(
        "gan_hinge_discriminator sample_data/critic_real.csv sample_data/critic_fake.csv",
        "keras.losses.Hinge",
        1.35644511,
    ),
    Sample(
        "gan_hinge_generator sample_data/critic_fake.csv",
        PLAIN,
        0.20985132,
    ),
    # distribution
    Sample(
        "earth_mover sample_data/diabetes_bmi_sex_1.csv sample_data/diabetes_bmi_sex_2.csv",
        "scipy.stats.wasserstein_distance",
        0.9544023023949023,
    ),
    Sample(
        "earth_mover_bins sample_data/diabetes_bins_prediction.csv "
        "sample_data/diabetes_bins_target.csv --on id",
        PLAIN,
        0.9469358127262444,
    ),
    Sample(
        "js_divergence sample_data/digits_probabilities.csv sample_data/digits_one_hot.csv --on id",
        "scipy.special.rel_entr",
        0.07426114050203055,
    ),
    Sample(
        "brier sample_data/breast_cancer_scores.csv --columns prediction=p,target=y",
        "sklearn.metrics.brier_score_loss",
        0.023993903176613384,
    ),
    Sample(
        "gaussian_nll sample_data/diabetes_gaussian.csv",
        "torch.nn.functional.gaussian_nll_loss",
        4.500823721184388,
    ),
    Sample(
        "beta_nll sample_data/diabetes_gaussian.csv",
        "torch.nn.functional.gaussian_nll_loss",
        246.37431634950363,
    ),
    Sample(
        "gaussian_kl sample_data/digits_code_means.csv sample_data/digits_code_variances.csv "
        "--on id",
        "torch.distributions.kl_divergence",
        6.753911860651458,
    ),
    Sample(
        "laplace_nll sample_data/diabetes_laplace.csv",
        "scipy.stats.laplace.logpdf",
        5.491850661080781,
    ),
    Sample(
        "crps sample_data/diabetes_ensemble.csv sample_data/diabetes_targets.csv --on id",
        "scipy.stats.energy_distance",
        34.84567640950231,
    ),
    Sample(
        "crps_gaussian sample_data/diabetes_gaussian.csv",
        "scipy.integrate.quad",
        31.02284024079407,
    ),
    Sample(
        "beta_divergence sample_data/visits_predictions.csv sample_data/visits_targets.csv",
        "scipy.special.kl_div",
        2.203952741106713,
    ),
    Sample(
        "student_t_nll sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv "
        "--scale 40",
        "scipy.stats.t.logpdf",
        5.47061520051294,
    ),
    # sequence
    Sample(
        "ctc sample_data/strips_prediction.csv sample_data/strips_target.csv --unit strip",
        "torch.nn.functional.ctc_loss",
        1.034280901424659,
    ),
    Sample(
        "sequence_cross_entropy sample_data/characters_prediction.csv "
        "sample_data/characters_target.csv --unit line",
        "torch.nn.functional.nll_loss",
        2.096814832866876,
    ),
    Sample(
        "perplexity sample_data/characters_prediction.csv sample_data/characters_target.csv "
        "--columns target=target,"
        "prediction=space+a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q+r+s+t+u+v+w+x+y+z",
        "torch.nn.functional.nll_loss",
        8.140200676692373,
    ),
    # survival
    Sample(
        "cox_partial_likelihood sample_data/heart_survival.csv --columns "
        "prediction=log_risk,target=time --ties efron",
        "statsmodels.duration.hazard_regression.PHReg",
        3.542242924837766,
    ),
    Sample(
        "aft_nll sample_data/heart_survival.csv --columns prediction=log_time,target=time "
        "--scale 2.5",
        "scipy.stats.lognorm",
        4.546357174889678,
    ),
]
