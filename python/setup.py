"""The extension is for the stable ABI: one wheel for all Python versions from 3.9 on."""
from setuptools import setup
from wheel.bdist_wheel import bdist_wheel


class Stable(bdist_wheel):
    def get_tag(self):
        _, _, platform = super().get_tag()
        return 'cp39', 'abi3', platform


setup(cffi_modules=['build_native.py:builder'], cmdclass={'bdist_wheel': Stable})
